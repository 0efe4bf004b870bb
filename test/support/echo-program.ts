/** An echo backend in a process of its own: `node echo-program.js IP [PORT]`. It says its address; it ends with its input. */
import { createSocket } from "node:dgram";
import { once } from "node:events";

const [ip, port = "0"] = process.argv.slice(2);
const socket = createSocket(ip.includes(":") ? "udp6" : "udp4");
socket.on("message", (payload, { address, port: to }) => socket.send(payload, to, address));
socket.bind(Number(port), ip);
await once(socket, "listening");
socket.setRecvBufferSize(2 ** 22);
process.stdout.write(`${JSON.stringify(`${ip.includes(":") ? `[${ip}]` : ip}:${socket.address().port}`)}\n`);
process.stdin.resume().on("end", () => socket.close());
