// Asks for a balancer's metrics every second, over one connection that stays open, as Prometheus does.
// node scraper.js URL
import { Agent, get } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

const INTERVAL_MS = 1000;

const [url] = process.argv.slice(2);
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
for (;;) {
  await scrape();
  await sleep(INTERVAL_MS);
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
