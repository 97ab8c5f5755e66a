// Plays one scenario with PouchDB: node play.js SCENARIO DATABASE_URL USER PASSWORD FOLDER
// Exit status 0: all that it asserts holds. Nothing here knows that the server is not CouchDB.
const assert = require('node:assert/strict')
const path = require('node:path')
const PouchDB = require('pouchdb').plugin(require('pouchdb-find'))

const [scenario, url, username, password, folder] = process.argv.slice(2)
const remote = new PouchDB(url, { auth: { username, password }, skip_setup: true })
const local = name => new PouchDB(path.join(folder, name))

const ODD_IDS = ['a/b', 'a:b', 'a+b', 'a%b', 'a%2Fb', 'hồ sơ', '🙂', 'a b', 'a?b=c&d', "'\"", '_design/x', 'ünder_score']

async function everything (db) {
  const { rows } = await db.allDocs({ include_docs: true, conflicts: true, attachments: true })
  return rows.map(({ doc }) => doc)
}

// Asks for what PouchDB's own interface has no word for: a path of the remote database.
async function ask (path, method = 'GET', body) {
  const answer = await remote.fetch(path, { method, body: body === undefined ? undefined : JSON.stringify(body) })
  assert.ok(answer.ok, `${method} ${path}: ${answer.status}`)
  return answer.json()
}

// A revision with its history, as another node would bring it: newest hash first.
const brought = (_id, start, hashes, more = {}) => {
  const ids = hashes.map(hash => hash.repeat(32))
  return { _id, _rev: `${start}-${ids[0]}`, _revisions: { start, ids }, ...more }
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

  async conflicts_on_three_sides () {
    const sides = ['one', 'two', 'three'].map(local)
    await sides[0].put({ _id: 'contested', by: 'nobody' })
    for (const side of sides) await side.sync(remote)
    for (const [n, side] of sides.entries()) {
      for (let edit = 0; edit <= n; edit++) await side.put({ ...(await side.get('contested')), by: n, edit })
    }
    await sides[1].remove(await sides[1].get('contested')) // the longest branch but one ends
    for (const side of [...sides, ...sides]) await side.sync(remote)
    const seen = await Promise.all([...sides, remote].map(db => db.get('contested', { conflicts: true })))
    for (const doc of seen) assert.deepEqual(doc, seen[0])
    assert.deepEqual([seen[0].by, seen[0]._conflicts.length], [2, 1])
    const leaves = await Promise.all([...sides, remote].map(async db =>
      (await db.get('contested', { open_revs: 'all' })).map(({ ok }) => ok._rev).sort()))
    for (const revs of leaves) assert.deepEqual(revs, leaves[0])
    assert.equal(leaves[0].length, 3)
  },

  async odd_attachments () {
    const here = local('here')
    const there = local('there')
    const odd = {
      'tờ khai/số 1 (bản sao).pdf': 'application/pdf',
      'a+b%2F&?#.txt': 'text/plain; charset=utf-8',
      '🙂.json': 'application/json',
      '"quoted";\\.bin': 'application/vnd.motcua+x; version="1"',
      noext: 'image/svg+xml'
    }
    const _attachments = {}
    for (const [name, content_type] of Object.entries(odd)) {
      _attachments[name] = { content_type, data: Buffer.from(`${name}\n`.repeat(500)).toString('base64') }
    }
    await here.put({ _id: 'giấy tờ/1', _attachments })
    await here.replicate.to(remote)
    await there.replicate.from(remote)
    for (const db of [remote, there]) {
      const stubs = (await db.get('giấy tờ/1'))._attachments
      assert.deepEqual(Object.keys(stubs).sort(), Object.keys(odd).sort())
      for (const [name, content_type] of Object.entries(odd)) {
        assert.equal(stubs[name].content_type, content_type)
        assert.equal((await db.getAttachment('giấy tờ/1', name)).toString(), `${name}\n`.repeat(500))
      }
    }
    const edited = await remote.get('giấy tờ/1') // stubs stand for what is there
    delete edited._attachments.noext
    await remote.put({ ...edited, edited: true })
    await there.replicate.from(remote)
    const { _attachments: left } = await there.get('giấy tờ/1', { attachments: true })
    assert.deepEqual(Object.keys(left).sort(), Object.keys(odd).filter(name => name !== 'noext').sort())
    assert.equal(left['🙂.json'].data, _attachments['🙂.json'].data)
  },

  async local_documents_stay () {
    const here = local('here')
    await remote.put({ _id: '_local/của tôi: 1+1%', n: 1 })
    const first = await remote.get('_local/của tôi: 1+1%')
    assert.deepEqual([first._id, first.n], ['_local/của tôi: 1+1%', 1])
    await remote.put({ ...first, n: 2 })
    await here.put({ _id: '_local/here', n: 3 })
    await here.sync(remote)
    await assert.rejects(here.get('_local/của tôi: 1+1%'), { status: 404 })
    await assert.rejects(remote.get('_local/here'), { status: 404 })
    assert.equal((await remote.info()).doc_count, 0)
    assert.deepEqual((await remote.changes()).results, [])
    const second = await remote.get('_local/của tôi: 1+1%')
    assert.equal(second.n, 2)
    await remote.remove(second)
    await assert.rejects(remote.get('_local/của tôi: 1+1%'), { status: 404 })
  },

  async a_thousand_revisions () {
    const here = local('here')
    const there = local('there')
    let { rev } = await here.put({ _id: 'busy', n: 0 })
    for (let n = 1; n < 1000; n++) ({ rev } = await here.put({ _id: 'busy', _rev: rev, n }))
    await here.replicate.to(remote)
    assert.equal((await remote.get('busy', { revs: true }))._revisions.ids.length, 1000)
    await ask('_revs_limit', 'PUT', 20)
    assert.equal(await ask('_revs_limit'), 20)
    ;({ rev } = await remote.put({ _id: 'busy', _rev: rev, n: 'after' }))
    const { _revisions } = await remote.get('busy', { revs: true })
    assert.deepEqual([_revisions.start, _revisions.ids.length], [1001, 20])
    await there.replicate.from(remote)
    await here.replicate.from(remote) // 20 revisions are enough to see what came from what
    await there.put({ _id: 'busy', _rev: rev, n: 'last' })
    await there.replicate.to(remote)
    await here.replicate.from(remote)
    for (const db of [here, there, remote]) {
      const { n, _conflicts } = await db.get('busy', { conflicts: true })
      assert.deepEqual([n, _conflicts], ['last', undefined])
    }
  },

  async five_thousand_documents () {
    const here = local('here')
    const there = local('there')
    const ids = Array.from({ length: 5000 }, (_, n) => `hồ sơ ${String(n).padStart(5, '0')}`)
    await here.bulkDocs(ids.map((_id, n) => ({ _id, n })))
    assert.equal((await here.replicate.to(remote, { batch_size: 1000 })).docs_written, 5000)
    assert.equal((await there.replicate.from(remote, { batch_size: 1000 })).docs_written, 5000)
    assert.equal((await there.info()).doc_count, 5000)
    const seen = []
    for (let since = 0; ;) {
      const { results, last_seq, pending } = await remote.changes({ since, limit: 777, batch_size: 777 })
      seen.push(...results.map(({ id }) => id))
      since = last_seq
      if (pending !== undefined) assert.equal(pending, 5000 - seen.length)
      if (results.length < 777) break
    }
    assert.deepEqual(seen.sort(), ids)
    const newest = await remote.changes({ descending: true, limit: 1 })
    const none = await remote.changes({ since: newest.last_seq })
    assert.deepEqual([newest.results.length, none.results.length], [1, 0])
    const page = await remote.allDocs({ startkey: ids[1234], skip: 1, limit: 2 })
    assert.deepEqual([page.total_rows, page.rows.map(row => row.id)], [5000, ids.slice(1235, 1237)])
    const back = await remote.allDocs({ startkey: ids[9], endkey: ids[7], descending: true, inclusive_end: false })
    assert.deepEqual(back.rows.map(row => row.id), [ids[9], ids[8]])
  },

  async a_line_that_breaks () {
    const here = local('here')
    const pulling = here.replicate.from(remote, { live: true, retry: true, heartbeat: 500, batch_size: 50, back_off_function: () => 50 })
    const met = []
    pulling.on('change', ({ docs }) => met.push(...docs.map(({ _id }) => _id)))
    const breaks = new Promise(resolve => pulling.once('paused', resolve))
    for (;;) {
      if ((await here.info()).doc_count === 1000) break
      await new Promise(resolve => setTimeout(resolve, 20))
    }
    await breaks
    const arrived = arrival(pulling, 'afterwards')
    await remote.put({ _id: 'afterwards' })
    await arrived
    pulling.cancel()
    const again = met.length - new Set(met).size
    assert.ok(again <= 3 * 50, `${again} documents came again`) // a batch for each break, not all
    assert.equal((await here.replicate.from(remote)).docs_read, 0)
  },

  async chosen_documents () {
    await remote.bulkDocs([{ _id: 'a', type: 'x' }, { _id: 'b/c', type: 'y' }, { _id: 'd', type: 'x', n: 7 }])
    const byId = local('by id')
    await byId.replicate.from(remote, { doc_ids: ['b/c', 'none'] })
    assert.deepEqual((await everything(byId)).map(doc => doc._id), ['b/c'])
    const bySelector = local('by selector')
    const done = await bySelector.replicate.from(remote, { selector: { type: 'x', n: { $gt: 1 } } })
    assert.deepEqual((await everything(bySelector)).map(doc => doc._id), ['d'])
    assert.equal(parseInt(done.last_seq), parseInt((await remote.info()).update_seq)) // past what was left out
  },

  async open_revisions () {
    const tree = [
      brought('tree', 3, ['a', 'b', 'c'], { at: 'a' }),
      brought('tree', 3, ['d', 'b', 'c'], { at: 'd' }),
      brought('tree', 2, ['e', 'c'], { _deleted: true, at: 'e' }),
      brought('tree', 9, ['f', '0'], { at: 'f' }) // nothing in between is known
    ]
    assert.deepEqual(await remote.bulkDocs(tree, { new_edits: false }), [])
    assert.deepEqual(await remote.bulkDocs(tree, { new_edits: false }), [])
    const [a, d, e, f] = tree.map(doc => doc._rev)
    const doc = await ask('tree?conflicts=true&deleted_conflicts=true&revs_info=true')
    assert.deepEqual([doc._rev, doc._conflicts, doc._deleted_conflicts], [f, [d, a], [e]])
    assert.deepEqual(doc._revs_info.map(({ status }) => status), ['available', 'missing'])
    const all = await remote.get('tree', { open_revs: 'all', revs: true })
    assert.deepEqual(all.map(({ ok }) => [ok._rev, ok._revisions]).sort(), tree.map(({ _rev, _revisions }) => [_rev, _revisions]).sort())
    const inner = `2-${'b'.repeat(32)}`
    const some = await remote.get('tree', { open_revs: [d, inner, `7-${'9'.repeat(32)}`] })
    assert.deepEqual(some.map(({ ok, missing }) => ok ? ok.at : missing), ['d', inner, `7-${'9'.repeat(32)}`])
    const latest = await remote.get('tree', { open_revs: [inner], latest: true })
    assert.deepEqual(latest.map(({ ok }) => ok.at).sort(), ['a', 'd'])
    const { results } = await remote.bulkGet({
      docs: [{ id: 'tree', rev: a }, { id: 'none', rev: a }, { id: 'tree', rev: e }, { id: 'tree' }], revs: true
    })
    assert.deepEqual(results.map(({ id }) => id), ['tree', 'none', 'tree', 'tree'])
    assert.equal(results[0].docs[0].ok.at, 'a')
    assert.equal(results[1].docs[0].error.error, 'not_found')
    assert.equal(results[2].docs[0].ok._deleted, true)
    assert.deepEqual(results[3].docs.map(({ ok }) => ok.at).sort(), ['a', 'd', 'e', 'f'])
    const diff = await remote.revsDiff({ tree: [a, inner, `4-${'1'.repeat(32)}`], none: ['1-x'] })
    assert.deepEqual(diff.tree.missing, [`4-${'1'.repeat(32)}`])
    assert.deepEqual(diff.tree.possible_ancestors.sort(), [a, d, e].sort())
    assert.deepEqual(diff.none, { missing: ['1-x'] })
  },

  async mango () {
    const people = ['Ẩn', 'Bình', 'Chi', 'Dũng', 'Én'].map((name, n) => ({ _id: `p${n}`, name, age: 20 + 10 * n, tags: n % 2 ? ['odd'] : [] }))
    await remote.bulkDocs(people)
    assert.equal((await remote.createIndex({ index: { fields: ['age'] }, name: 'by-age', ddoc: 'ages' })).result, 'created')
    assert.equal((await remote.createIndex({ index: { fields: ['age'] }, name: 'by-age', ddoc: 'ages' })).result, 'exists')
    const { indexes } = await remote.getIndexes()
    assert.deepEqual(indexes.map(({ name, type }) => [name, type]), [['_all_docs', 'special'], ['by-age', 'json']])
    const found = async query => (await remote.find(query)).docs
    assert.deepEqual(await found({ selector: { age: { $gte: 30, $lt: 50 } }, fields: ['name'], sort: [{ age: 'desc' }] }), [{ name: 'Chi' }, { name: 'Bình' }])
    assert.deepEqual((await found({ selector: { tags: { $elemMatch: { $eq: 'odd' } } } })).map(({ _id }) => _id), ['p1', 'p3'])
    assert.deepEqual((await found({ selector: { $or: [{ name: 'Én' }, { age: 20 }] } })).map(({ name }) => name).sort(), ['Én', 'Ẩn'].sort())
    assert.deepEqual((await found({ selector: { age: { $gt: 0 } }, sort: ['age'], skip: 1, limit: 2 })).map(({ _id }) => _id), ['p1', 'p2'])
    const { docs, bookmark } = await remote.find({ selector: { age: { $gt: 0 } }, sort: ['age'], limit: 3 })
    assert.equal(docs.length, 3)
    assert.deepEqual((await found({ selector: { age: { $gt: 0 } }, sort: ['age'], limit: 3, bookmark })).map(({ _id }) => _id), ['p3', 'p4'])
    await assert.rejects(remote.find({ selector: { age: { $no: 1 } } }), { status: 400 })
    const [{ ddoc, name, type }] = indexes.slice(1)
    assert.deepEqual(await remote.deleteIndex({ ddoc, name, type }), { ok: true })
    assert.equal((await remote.getIndexes()).indexes.length, 1)
  },

  async destroying_what_one_listens_to () {
    const listening = remote.changes({ live: true, since: 0 })
    const ended = new Promise((resolve, reject) => listening.on('complete', resolve).on('error', reject))
    const destroyed = new Promise((resolve, reject) => {
      listening.once('change', () => remote.destroy().then(resolve, reject))
    })
    await remote.put({ _id: 'last' })
    assert.equal((await destroyed).ok, true)
    await ended
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
