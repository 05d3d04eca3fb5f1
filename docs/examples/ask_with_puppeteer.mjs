// An agent with Puppeteer that asks a person for help, and goes on when it has been given.
//
//     npm install puppeteer-core
//     node ask_with_puppeteer.mjs http://127.0.0.1:8000/api/v1/cdp/pbs_… KEY https://shop.example/checkout
import puppeteer from 'puppeteer-core'

const [gate, key, checkout] = process.argv.slice(2)
const requests = `${gate.replace('/cdp/', '/browser_sessions/')}/takeover_requests`

async function call(method, url, body) {
  const response = await fetch(url, { method, headers: { 'x-api-key': key }, body: body && JSON.stringify(body) })
  const answer = await response.json()
  if (!response.ok) throw new Error(answer.error.message)
  return answer
}

async function requestTakeover(asked) {
  let request = await call('POST', requests, asked)
  while (request.state !== 'resolved') request = await call('GET', `${requests}/${request.request_id}?wait=1`)
  return request
}

const browserWSEndpoint = `${gate.replace(/^http/, 'ws')}?apikey=${encodeURIComponent(key)}`
const browser = await puppeteer.connect({ browserWSEndpoint, defaultViewport: null })
try {
  const [page] = await browser.pages()
  await page.goto(checkout)
  await page.locator('::-p-aria(Name)').fill('Grace Hopper')

  const help = await requestTakeover({ reason: 'captcha', deadline_seconds: 300, note: 'Please type the letters, no more.' })
  if (help.outcome !== 'completed') throw new Error(`Nobody helped: ${help.outcome}. ${help.note ?? ''}`)
  console.log(`A person helped, and says: ${help.note}`)

  await page.locator('::-p-aria(Order)').click()
  console.log(await page.locator('[role=status]').map(element => element.textContent).wait())
} finally {
  await browser.disconnect()
}
