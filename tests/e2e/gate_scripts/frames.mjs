// Frames of the page's own origin and of another one: what Puppeteer's API shows of frames.
import puppeteer from 'puppeteer-core'

const [browserWSEndpoint, site] = process.argv.slice(2)
const browser = await puppeteer.connect({ browserWSEndpoint, defaultViewport: null })
const [page] = await browser.pages()
await page.goto(`${site}/frames`)
const texts = []
for (const [name, user] of [['far', 'John'], ['near', 'Jane']]) {
  const element = await page.waitForSelector(`iframe.${name}`)
  const frame = await element.contentFrame()
  await frame.waitForSelector('input')
  await frame.type('input', user)
  await frame.click('button')
  texts.push(await frame.$eval('.text', node => node.textContent))
}
console.log(JSON.stringify({ texts, frames: page.frames().length, title: await page.title() }))
await browser.disconnect()
