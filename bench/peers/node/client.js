// A foreign ESME for `python -m bench smpp`: node-smpp, with a window of our own in front.
//
//   node client.js PORT WINDOW PDUS ROUNDS
//
// It prints the seconds of each round as one line of JSON. NODE_PATH says where the library is.
'use strict';

const smpp = require('smpp');

const [port, window, pdus, rounds] = process.argv.slice(2).map(Number);
const MESSAGE = {
  source_addr_ton: 5,
  source_addr: 'KBank',
  dest_addr_ton: 1,
  dest_addr_npi: 1,
  destination_addr: '66812345678',
  registered_delivery: 1,
  short_message: 'Paid THB 2,500.00 by card no. x-1234 @ COMPANY NAME 15:15 Balance THB 450,000.00',
};

// Keep the window full until so many are answered; what one read answers is asked again within that read.
function pour(session) {
  return new Promise((resolve) => {
    const begun = process.hrtime.bigint();
    let asked = 0;
    let answered = 0;
    const ask = () => {
      asked += 1;
      session.submit_sm(MESSAGE, hear);
    };
    const hear = () => {
      answered += 1;
      if (answered === pdus) {
        resolve(Number(process.hrtime.bigint() - begun) / 1e9);
      } else if (asked < pdus) {
        ask();
      }
    };
    for (let n = 0; n < Math.min(window, pdus); n += 1) {
      ask();
    }
  });
}

const session = smpp.connect({ url: `smpp://127.0.0.1:${port}` }, () => {
  session.bind_transceiver({ system_id: 'bench' }, async () => {
    const seconds = [];
    for (let n = 0; n < rounds; n += 1) {
      seconds.push(await pour(session));
    }
    process.stdout.write(JSON.stringify(seconds) + '\n', () => process.exit(0));
  });
});
session.socket.setNoDelay(true);
