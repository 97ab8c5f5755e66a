// What a page of another origin does with PouchDB, IndexedDB below it; each scenario gives what the test looks at.
const remoteAt = ({ url, username, password }) => new PouchDB(url, { skip_setup: true, auth: { username, password } })

// Waits until a live replication has brought, or taken, the document.
const arrival = (sync, id) => new Promise((resolve, reject) => {
  sync.on('change', ({ change }) => { if (change.docs.some(doc => doc._id === id)) resolve() })
  sync.on('error', reject)
})

const scenarios = {
  async both_directions (at) {
    const remote = remoteAt(at)
    const one = new PouchDB('one')
    const two = new PouchDB('two')
    const ids = ['a/b', 'a:b', 'a+b', 'a%2Fb', 'hồ sơ', '🙂', '_design/x']
    await one.bulkDocs([...ids.map(_id => ({ _id, text: 'Nguyễn Văn Ẩn' })), { _id: 'contested' }, { _id: 'gone' }])
    await one.replicate.to(remote)
    await two.replicate.from(remote)
    for (const db of [one, two]) await db.put({ ...(await db.get('contested')), by: db.name })
    await two.remove(await two.get('gone'))
    for (const db of [one, two, one]) await db.sync(remote)
    const seen = await Promise.all([one, two, remote].map(async db =>
      (await db.allDocs({ include_docs: true, conflicts: true })).rows.map(({ doc }) => JSON.stringify(doc, Object.keys(doc).sort()))))
    const contested = await remote.get('contested', { conflicts: true })
    return {
      ids: (await remote.allDocs()).rows.map(({ id }) => id),
      sent: [...ids, 'contested'],
      same: seen.every(docs => docs.join() === seen[0].join()),
      conflicts: contested._conflicts.length
    }
  },

  async attachments_as_blobs (at) {
    const remote = remoteAt(at)
    const here = new PouchDB('blobs here')
    const there = new PouchDB('blobs there')
    const bytes = Uint8Array.from({ length: 100000 }, (_, n) => (n * 7) % 256)
    const scan = new Blob([bytes], { type: 'image/png' })
    await here.put({ _id: 'giấy tờ', _attachments: { 'bản sao/1.png': { content_type: 'image/png', data: scan } } })
    await here.replicate.to(remote)
    await there.replicate.from(remote)
    const direct = await remote.putAttachment('direct', 'a+b.txt', new Blob(['một'], { type: 'text/plain' }), 'text/plain')
    const blobs = await Promise.all([remote, there].map(db => db.getAttachment('giấy tờ', 'bản sao/1.png')))
    const same = await Promise.all(blobs.map(async blob => {
      const got = new Uint8Array(await blob.arrayBuffer())
      return got.length === bytes.length && got.every((byte, n) => byte === bytes[n])
    }))
    return {
      same,
      types: blobs.map(({ type }) => type),
      direct: [direct.ok, await (await remote.getAttachment('direct', 'a+b.txt')).text()]
    }
  },

  async live (at) {
    const remote = remoteAt(at)
    const here = new PouchDB('live')
    const sync = here.sync(remote, { live: true, retry: true, heartbeat: 1000 })
    const pulled = arrival(sync, 'from there')
    await remote.put({ _id: 'from there' })
    await pulled
    const pushed = arrival(sync, 'from here')
    await here.put({ _id: 'from here' })
    await pushed
    sync.cancel()
    return (await remote.allDocs()).rows.map(({ id }) => id)
  },

  // Statuses of what is refused; 0 where the page may not even read the answer.
  async refusals (at) {
    const status = asked => asked.then(() => 200, error => error.status || 0)
    const remote = remoteAt(at)
    const { rev } = await remote.put({ _id: 'a' }).catch(() => ({ rev: null }))
    return {
      wrong_password: await status(remoteAt({ ...at, password: 'no' }).get('a')),
      not_there: await status(remote.get('nothing')),
      conflict: await status(remote.put({ _id: 'a', again: rev }))
    }
  }
}
