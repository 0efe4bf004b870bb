/** An echo backend in a process of its own: `node echo-program.js IP`. It says its address; it ends with its input. */
import { createSocket } from "node:dgram";
import { once } from "node:events";

const socket = createSocket("udp4");
socket.on("message", (payload, { address, port }) => socket.send(payload, port, address));
socket.bind(0, process.argv[2]);
await once(socket, "listening");
socket.setRecvBufferSize(2 ** 22);
process.stdout.write(`${JSON.stringify(`${process.argv[2]}:${socket.address().port}`)}\n`);
process.stdin.resume().on("end", () => socket.close());
