// A page that opens another, and a new one: what Puppeteer's API shows of pages and pop-ups.
import puppeteer from 'puppeteer-core'

const [browserWSEndpoint, site] = process.argv.slice(2)
const browser = await puppeteer.connect({ browserWSEndpoint, defaultViewport: null })
const [page] = await browser.pages()
await page.goto(`${site}/rooms`)
const popup = new Promise(resolve => page.once('popup', resolve))
await page.click('a[target=_blank]')
const second = await popup
await second.waitForSelector('h1')
const third = await browser.newPage()
await third.goto(`${site}/third`)
await page.bringToFront()
await Promise.all([page.waitForNavigation(), page.click('#third')])
const titles = await Promise.all([page, second, third].map(each => each.title()))
await third.close()
await second.close()
const heading = await page.$eval('h1', node => node.textContent)
console.log(JSON.stringify({ titles, left: (await browser.pages()).length, heading }))
await browser.disconnect()
