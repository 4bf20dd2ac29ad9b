// Reads a trace with the parser that the compiler of Kaitai Struct makes of docs/format.ksy, and prints its blocks as
// reader.py does.
//
// node kaitai.js MODULES FORMAT.KSY TRACE: MODULES is the folder that has kaitai-struct-compiler, kaitai-struct and yaml.

const { execFileSync } = require("node:child_process");
const { readFileSync } = require("node:fs");
const { join } = require("node:path");

const [modules, schema, trace] = process.argv.slice(2);
const load = (name) => require(join(modules, name));
const KaitaiStream = load("kaitai-struct/KaitaiStream");

async function parserOf(file) {
  const compiler = load("kaitai-struct-compiler");
  const grammar = load("yaml").parse(readFileSync(file, "utf8"));
  const sources = await compiler.compile("javascript", grammar, null, false);
  const module = { exports: {} };
  const source = sources["Afterimage.js"];
  new Function("exports", "module", "require", "define", source)(module.exports, module, () => KaitaiStream, undefined);
  return module.exports.Afterimage;
}

const inflate = (stored, raw) =>
  stored.length === raw ? stored : execFileSync("zstd", ["-dcq"], { input: stored, maxBuffer: 1 << 30 });

const parse = (type, bytes) => {
  const stream = new KaitaiStream(Uint8Array.from(bytes).buffer);
  const value = new type(stream);
  if (!stream.isEof()) throw new Error(`bytes behind a ${type.name}`);
  return value;
};

// Records, lists and optional values as what they stand for; codes, which are numbers here, are left out.
const CODES = ["algorithm", "category", "cause", "runtime", "storing", "type"];

function plain(value) {
  if (value === undefined || value === null) return null;
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object") return value;
  const own = Object.keys(value).filter((key) => !key.startsWith("_"));
  if (own.includes("first") && own.length <= 2 && value.value !== undefined) return Number(value.value);
  if (own.includes("len") && own.includes("fields")) return plain(value.fields);
  if (own.includes("items")) return plain(value.items);
  if (own.includes("isThere")) return plain(value.value);
  if (own.includes("len") && own.includes("value")) return Buffer.from(value.value).toString("latin1");
  const fields = own.filter((key) => !CODES.includes(key)).map((key) => [snake(key), plain(value[key])]);
  const document = Object.fromEntries(fields);
  if ("keyframe" in document) document.keyframe = document.keyframe !== 0;
  return document;
}

const snake = (name) => name.replace(/[A-Z]/g, (letter) => "_" + letter.toLowerCase());

function content(block, types) {
  const body = block.body;
  if (block.flags !== 0) return null;
  switch (block.tag) {
    case "HEAD":
    case "CUST":
    case "SIGN":
      return plain(body);
    case "ATCH":
      return plain(body.told);
    case "LEAF":
      return plain(parse(types.Leaf, inflate(body.stored, body.lenRaw)));
    case "INDX":
      return plain(parse(types.Index, inflate(body.stored, body.lenRaw)));
    case "SEGM":
      return plain(parse(types.Directory, inflate(body.storedDirectory, body.lenRawDirectory)));
    default:
      return null;
  }
}

(async () => {
  const types = await parserOf(schema);
  const file = parse(types, readFileSync(trace));
  let offset = 16;
  const blocks = file.blocks.entries.map((block) => {
    const told = {
      offset,
      tag: block.tag,
      encrypted: block.isEncrypted,
      length: block.lenBody,
      number: block.number,
      content: content(block, types),
    };
    offset += 64 + block.lenBody;
    return told;
  });
  const footer = file.isSealed ? { index: file.footer.index, root: Buffer.from(file.footer.root).toString("hex") } : null;
  console.log(JSON.stringify({ blocks, footer }));
})().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
