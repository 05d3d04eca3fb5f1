// A page of a given size, the whole page, one element: what Puppeteer's guide to screenshots shows.
import puppeteer from 'puppeteer-core'
import { readFile } from 'node:fs/promises'

const size = picture => [Buffer.from(picture).readUInt32BE(16), Buffer.from(picture).readUInt32BE(20)]
const [browserWSEndpoint, site, folder] = process.argv.slice(2)
const browser = await puppeteer.connect({ browserWSEndpoint, defaultViewport: null })
const [page] = await browser.pages()
await page.setViewport({ width: 900, height: 500 })
await page.goto(`${site}/gallery`, { waitUntil: 'networkidle2' })
await page.screenshot({ path: `${folder}/screenshot.png` })
await page.goto(`${site}/gallery/long`)
const whole = await page.screenshot({ fullPage: true })
const header = await page.waitForSelector('.header')
const sizes = [await readFile(`${folder}/screenshot.png`), whole, await header.screenshot()].map(size)
await page.setViewport(null)
console.log(JSON.stringify(sizes))
await browser.disconnect()
