// Reads texts as a browser would: strict UTF-8, then JSON.parse. What it cannot read, and what it has read, goes back.
//
// stdin: one text a line, in base64. stdout: for each a line of JSON: {"value": ...} in the terms below, or {"error": ...}.
// Numbers are told by their bits, for JSON has no way to write an infinite one; so each value comes with its kind.
import { createInterface } from "node:readline";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const bits = new DataView(new ArrayBuffer(8));

function told(value) {
  if (typeof value === "number") {
    bits.setFloat64(0, value);
    return ["number", bits.getBigUint64(0).toString(16)];
  }
  if (Array.isArray(value)) return ["array", value.map(told)];
  if (value !== null && typeof value === "object") {
    return ["object", Object.keys(value).map((key) => [key, told(value[key])])];
  }
  return [typeof value, value];
}

function answer(line) {
  try {
    return { value: told(JSON.parse(decoder.decode(Buffer.from(line, "base64")))) };
  } catch (error) {
    return { error: String(error) };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(answer(line))}\n`);
}
