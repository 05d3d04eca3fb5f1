// One file and several, as Puppeteer's guide to files shows.
import puppeteer from 'puppeteer-core'

const [browserWSEndpoint, site, folder] = process.argv.slice(2)
const browser = await puppeteer.connect({ browserWSEndpoint, defaultViewport: null })
const [page] = await browser.pages()
const said = []
for (const [address, files] of [['/upload', ['notes.txt']], ['/upload-many', ['notes.txt', 'picture.bin']]]) {
  await page.goto(`${site}${address}`)
  const element = await page.waitForSelector('input[type=file]')
  await element.uploadFile(...files.map(name => `${folder}/${name}`))
  await page.locator('button').click()
  const status = await page.waitForSelector('[role=status]')
  said.push(await status.evaluate(node => node.textContent))
}
console.log(JSON.stringify(said))
await browser.disconnect()
