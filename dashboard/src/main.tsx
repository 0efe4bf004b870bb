/** Starts the page. */
import { type ComponentChildren, options, render } from "preact";
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
import { printableChildren } from "./model/printable.js";
import { applyTheme, storedTheme } from "./model/theme.js";
import { Watch } from "./model/watch.js";

const client = new ApiClient();
const watch = new Watch(client);
const log = new EventLog(client);

// All text of the page is a child of an element, made here: names and reasons may come out of a file or from the network.
const { vnode: before } = options;
options.vnode = (vnode) => {
  if (typeof vnode.type === "string" && "children" in vnode.props) {
    vnode.props.children = printableChildren(vnode.props.children) as ComponentChildren;
  }
  before?.(vnode);
};

applyTheme(storedTheme());
render(<App client={client} watch={watch} log={log} />, document.getElementById("page")!);
watch.start();
