"""What a release is made of, beside the wheel: `make release` (release/build)."""
