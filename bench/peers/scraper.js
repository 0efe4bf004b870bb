// Asks for a balancer's metrics every second, over one connection that stays open, as Prometheus does.
// node scraper.js URL
import { Agent, get } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

const INTERVAL_MS = 1000;
/** The admin side opens after the listeners. */
const OPEN_MS = 5000;
const TRY_MS = 50;

const [url] = process.argv.slice(2);
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
await scrapeFirst();
for (;;) {
  await sleep(INTERVAL_MS);
  await scrape();
}

async function scrapeFirst() {
  const untilMs = performance.now() + OPEN_MS;
  for (;;) {
    try {
      return await scrape();
    } catch (error) {
      if (error.code !== "ECONNREFUSED" || performance.now() > untilMs) throw error;
      await sleep(TRY_MS);
    }
  }
}

/** Rejects unless the answer is one of metrics, which ends the program: a run without scrapes is none. */
function scrape() {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`${url} answered ${response.statusCode}`));
      response.on("error", reject).on("end", resolve).resume();
    });
    request.on("error", reject);
  });
}
