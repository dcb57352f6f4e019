// Keeps a copy of the accounts and sites of a tenant in copy.json. Run it each minute:
//
//     API=https://api.acme.example/api/v1 TOKEN=... node follow.mjs
import fs from 'node:fs'

const {API, TOKEN} = process.env
const lists = {account: 'accounts', site: 'sites'} // by the kind of a change: what is copied

async function get(path) {
  const answer = await fetch(API + path, {headers: {Authorization: `Bearer ${TOKEN}`}})
  if (answer.status === 404) return undefined // deleted meanwhile: its tombstone follows
  if (!answer.ok) throw new Error(`${path}: ${await answer.text()}`) // 410: delete copy.json, and it begins anew
  return answer.json()
}

// The position comes first, then the lists: what is changed meanwhile is read twice, not missed.
async function begin() {
  const copy = {next: (await get('/changes?after=latest')).next, rows: {}}
  for (const [kind, list] of Object.entries(lists)) {
    for (let cursor = ''; cursor !== undefined;) {
      const page = await get(`/${list}?limit=1000&cursor=${cursor}`)
      for (const row of page.items) copy.rows[`${kind} ${row.id}`] = row
      cursor = page.next
    }
  }
  return copy
}

const copy = fs.existsSync('copy.json') ? JSON.parse(fs.readFileSync('copy.json')) : await begin()
for (let more = true; more;) {
  const page = await get(`/changes?kind=${Object.keys(lists)}&limit=1000&after=${copy.next}`)
  for (const {operation, kind, id} of page.items) {
    console.log(operation, kind, id)
    copy.rows[`${kind} ${id}`] = operation === 'Delete' ? undefined : await get(`/${lists[kind]}/${encodeURIComponent(id)}`)
  }
  copy.next = page.next
  more = page.more
}
fs.writeFileSync('copy.json', JSON.stringify(copy))
console.log(Object.values(copy.rows).filter(Boolean).length, 'rows')
