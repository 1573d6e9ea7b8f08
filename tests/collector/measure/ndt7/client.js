// Runs the unmodified npm client @m-lab/ndt7 under Node, which lacks the web's Worker.
// node --experimental-websocket client.js MODULE_FOLDER PROTOCOL HOST:PORT -> one line of JSON
'use strict';
const path = require('node:path');
const {Worker: Thread} = require('node:worker_threads');

const [folder, protocol, server] = process.argv.slice(2);
const source = path.join(folder, 'node_modules', '@m-lab', 'ndt7', 'src');

const INSIDE = `
  const {parentPort, workerData} = require('node:worker_threads');
  globalThis.self = globalThis;
  globalThis.postMessage = (message) => parentPort.postMessage(message);
  parentPort.on('message', (data) => self.onmessage({data}));
  require('node:vm').runInThisContext(
      require('node:fs').readFileSync(workerData, 'utf8'), {filename: workerData});
`;

globalThis.Worker = class {
  constructor(file) {
    this.thread = new Thread(INSIDE, {eval: true, workerData: file});
    this.thread.on('message', (data) => this.onmessage({data}));
    this.thread.on('error', (error) => {
      this.onmessage({data: {MsgType: 'error', Error: String(error)}});
    });
  }
  postMessage(message) {
    this.thread.postMessage(message);
  }
  terminate() {
    this.thread.terminate();
  }
};

const ndt7 = require(path.join(source, 'ndt7.js'));
const seen = {errors: []};
ndt7.test({
  server,
  protocol,
  mlabDataPolicyInapplicable: true,  // it is not M-Lab's server
  metadata: {client_name: 'banjun-test'},
  downloadworkerfile: path.join(source, 'ndt7-download-worker.js'),
  uploadworkerfile: path.join(source, 'ndt7-upload-worker.js'),
}, {
  error: (error) => seen.errors.push(String(error)),
  downloadComplete: (found) => seen.download = found,
  uploadComplete: (found) => seen.upload = found,
}).then((code) => {
  console.log(JSON.stringify({code, ...seen}));
  process.exit(0);
});
