// Plays one scenario with PouchDB: node play.js SCENARIO DATABASE_URL USER PASSWORD FOLDER
// Exit status 0: all that it asserts holds. Nothing here knows that the server is not CouchDB.
const assert = require('node:assert/strict')
const path = require('node:path')
const PouchDB = require('pouchdb')

const [scenario, url, username, password, folder] = process.argv.slice(2)
const remote = new PouchDB(url, { auth: { username, password }, skip_setup: true })
const local = name => new PouchDB(path.join(folder, name))

const ODD_IDS = ['a/b', 'a:b', 'a+b', 'a%b', 'a%2Fb', 'hồ sơ', '🙂', 'a b', 'a?b=c&d', "'\"", '_design/x', 'ünder_score']

async function everything (db) {
  const { rows } = await db.allDocs({ include_docs: true, conflicts: true, attachments: true })
  return rows.map(({ doc }) => doc)
}

function arrival (changes, id) {
  return new Promise((resolve, reject) => {
    changes.on('change', change => {
      const docs = change.docs || (change.change && change.change.docs) || []
      if (docs.some(doc => doc._id === id)) resolve(change)
    })
    changes.on('error', reject)
  })
}

const scenarios = {
  async push_and_pull () {
    const here = local('here')
    const there = local('there')
    await here.bulkDocs(ODD_IDS.map((_id, n) => ({ _id, n, text: 'Nguyễn Văn Ẩn', deep: { list: [1, 2.5, null, true] } })))
    await here.bulkDocs(Array.from({ length: 300 }, (_, n) => ({ _id: `many-${n}`, n })))
    const pushed = await here.replicate.to(remote)
    assert.equal(pushed.docs_written, ODD_IDS.length + 300)
    assert.equal(pushed.doc_write_failures, 0)
    const pulled = await there.replicate.from(remote)
    assert.equal(pulled.docs_written, ODD_IDS.length + 300)
    assert.deepEqual(await everything(there), await everything(here))
    for (const id of ODD_IDS) assert.equal((await remote.get(id))._id, id)
  },

  async goes_on_where_it_was () {
    const here = local('here')
    await here.bulkDocs(Array.from({ length: 120 }, (_, n) => ({ _id: `doc-${n}` })))
    await here.replicate.to(remote)
    await here.put({ _id: 'one more' })
    const again = await here.replicate.to(remote)
    assert.equal(again.docs_read, 1)
    const there = local('there')
    await there.replicate.from(remote)
    assert.equal((await there.replicate.from(remote)).docs_read, 0)
  },

  async edits_conflicts_and_deletions () {
    const one = local('one')
    const two = local('two')
    await one.bulkDocs([{ _id: 'contested', by: 'nobody' }, { _id: 'gone' }, { _id: 'again' }])
    await one.sync(remote)
    await two.sync(remote)
    for (const [db, by] of [[one, 'one'], [two, 'two']]) {
      await db.put({ ...(await db.get('contested')), by })
    }
    await one.remove(await one.get('gone'))
    await one.remove(await one.get('again'))
    await one.put({ _id: 'again', back: true })
    for (const db of [one, two, one]) await db.sync(remote)
    const [here, there, middle] = await Promise.all([one, two, remote].map(everything))
    assert.deepEqual(here, there)
    assert.deepEqual(middle, here)
    const contested = here.find(doc => doc._id === 'contested')
    assert.equal(contested._conflicts.length, 1)
    assert.deepEqual(here.map(doc => doc._id), ['again', 'contested'])
    await remote.remove('contested', contested._conflicts[0])
    await two.sync(remote)
    assert.equal((await two.get('contested', { conflicts: true }))._conflicts, undefined)
  },

  async attachments () {
    const here = local('here')
    const there = local('there')
    const bytes = Buffer.from(Array.from({ length: 65536 }, (_, n) => (n * 7) % 256))
    await here.put({ _id: 'scan', _attachments: { content: { content_type: 'application/octet-stream', data: bytes } } })
    const { rev } = await here.putAttachment('scan', 'tờ khai/số 1.txt', (await here.get('scan'))._rev, Buffer.from('một'), 'text/plain')
    await here.putAttachment('scan', 'empty', rev, Buffer.alloc(0), 'text/plain')
    await here.replicate.to(remote)
    await there.replicate.from(remote)
    for (const db of [there, remote]) {
      assert.ok(bytes.equals(await db.getAttachment('scan', 'content')))
      assert.equal((await db.getAttachment('scan', 'tờ khai/số 1.txt')).toString(), 'một')
      assert.equal((await db.getAttachment('scan', 'empty')).length, 0)
    }
    const written = await remote.putAttachment('direct', 'a.bin', bytes, 'image/png')
    assert.equal((await remote.get('direct'))._attachments['a.bin'].length, bytes.length)
    await remote.removeAttachment('direct', 'a.bin', written.rev)
    assert.equal((await remote.get('direct'))._attachments, undefined)
  },

  async live_both_ways () {
    const here = local('here')
    const sync = here.sync(remote, { live: true, retry: true, heartbeat: 1000 })
    const pulled = arrival(sync, 'from there')
    await remote.put({ _id: 'from there', _attachments: { a: { content_type: 'text/plain', data: Buffer.from('x') } } })
    await pulled
    assert.equal((await here.getAttachment('from there', 'a')).toString(), 'x')
    const pushed = arrival(sync, 'from here')
    await here.put({ _id: 'from here' })
    await pushed
    assert.equal((await remote.get('from here'))._id, 'from here')
    sync.cancel()
  },

  async the_remote_database_itself () {
    const { rev } = await remote.put({ _id: 'a', n: 1 })
    await assert.rejects(remote.put({ _id: 'a', n: 2 }), { status: 409 })
    await assert.rejects(remote.get('b'), { status: 404, reason: 'missing' })
    const second = await remote.put({ _id: 'a', _rev: rev, n: 2 })
    assert.equal((await remote.get('a', { rev })).n, 1)
    assert.deepEqual((await remote.get('a', { revs: true }))._revisions.ids.length, 2)
    assert.equal((await remote.get('a', { open_revs: 'all' }))[0].ok._rev, second.rev)
    const { results } = await remote.changes({ since: 0, include_docs: true, style: 'all_docs' })
    assert.deepEqual(results.map(({ id, doc }) => [id, doc.n]), [['a', 2]])
    assert.deepEqual((await remote.changes({ doc_ids: ['x'] })).results, [])
    const keys = (await remote.allDocs({ keys: ['a', 'none'] })).rows
    assert.deepEqual(keys.map(row => row.error), [undefined, 'not_found'])
    await remote.put({ _id: '_local/mine', n: 1 })
    assert.equal((await remote.get('_local/mine')).n, 1)
    await remote.remove(await remote.get('a'))
    await assert.rejects(remote.get('a'), { status: 404, reason: 'deleted' })
    const info = await remote.info()
    assert.equal(info.doc_count, 0)
    assert.deepEqual((await remote.bulkGet({ docs: [{ id: 'a', rev }] })).results[0].docs[0].ok.n, 1)
  }
}

scenarios[scenario]().then(() => process.exit(0), error => {
  console.error(error)
  process.exit(1)
})
