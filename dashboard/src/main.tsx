/** Starts the page. */
import { render } from "preact";
import "uplot/dist/uPlot.min.css";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/layout.css";
import "./styles/parts.css";
import "./styles/picture.css";
import "./styles/charts.css";
import { ApiClient } from "./api/client.js";
import { App } from "./app.js";
import { EventLog } from "./model/event-log.js";
import { applyTheme, storedTheme } from "./model/theme.js";
import { Watch } from "./model/watch.js";

const client = new ApiClient();
const watch = new Watch(client);
const log = new EventLog(client);

applyTheme(storedTheme());
render(<App client={client} watch={watch} log={log} />, document.getElementById("page")!);
watch.start();
