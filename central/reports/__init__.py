"""Reports of the centre, from the sums that the projector keeps (`edge.tallying`): tables that know their denominators."""
