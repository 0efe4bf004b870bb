/** The first view: is all well, how much goes through, and where it goes. */
import type { JSX } from "preact";
import { AttentionList } from "../components/attention-list.js";
import { Machinery } from "../components/machinery.js";
import { Waiting } from "../components/notice.js";
import { OverviewTiles } from "../components/overview-tiles.js";
import { usePage } from "../components/page-context.js";
import { TrafficPicture } from "../components/traffic-picture.js";
import { ViewHeader } from "../components/view-header.js";
import { formatDuration, plural } from "../format.js";

export function Overview(): JSX.Element {
  const { state, watch } = usePage();
  const { reading, rates } = state;
  if (reading === undefined) {
    return (
      <>
        <ViewHeader title="Overview" />
        <Waiting />
      </>
    );
  }
  const { plane, workers, configVersion, configSource, uptimeMs, version } = reading.status;
  const note = `sluice ${version}, ${plane} plane, ${plural(workers.length, "worker")}, config v${configVersion} from ${SOURCES[configSource]}, up ${formatDuration(uptimeMs)}`;
  return (
    <>
      <ViewHeader title="Overview" note={note} />
      <OverviewTiles reading={reading} rates={rates} timeline={watch.timeline} />
      <AttentionList reading={reading} rates={rates} />
      <section class="card" aria-labelledby="picture-title">
        <div class="card-header">
          <h2 id="picture-title">Traffic</h2>
          <p class="key">
            <span class="key-request">requests</span>
            <span class="key-reply">replies</span>
            <span>datagrams a second</span>
          </p>
        </div>
        <TrafficPicture reading={reading} rates={rates} timeline={watch.timeline} />
      </section>
      <Machinery status={reading.status} />
    </>
  );
}

const SOURCES = { file: "its file", api: "the API", program: "the program" } as const;
