/**
 * A backend, a process of its own, so that it can be killed and stopped: `node backend-program.js IP PORT TAG plain|dns`. It answers
 * what is no numbered request with the same bytes, for probes. Over IPC: `close` and `open` its port.
 */
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { answerMessages } from "./messages.js";
import { DNS, PLAIN } from "./numbered-request.js";

const [host, port, tag, kind] = process.argv.slice(2);
const protocol = kind === "dns" ? DNS : PLAIN;
let socket: Socket;

answerMessages({
  open,
  close: () => new Promise<void>((resolve) => socket.close(() => resolve())),
});

async function open(): Promise<void> {
  socket = createSocket({ type: "udp4", recvBufferSize: 1 << 20 });
  socket.on("message", (request, from) => {
    const reply = protocol.createReply(request, Number(tag)) ?? request;
    socket.send(reply, from.port, from.address, () => {}); // a black hole may refuse it
  });
  socket.bind(Number(port), host);
  await once(socket, "listening");
}
