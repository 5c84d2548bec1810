// A foreign SMSC: node-smpp, scripted. It lets anybody in, takes every submit_sm, answers with an id, sends a DELIVRD
// receipt if one was asked for, and writes down what it saw, a line of JSON for each submit_sm.
//
//   node smsc.js --port 0 --out seen.jsonl [--latency 0] [--receipt-latency 10]      (milliseconds)
//
// The first line on stdout is {"port": n}. SIGTERM ends it.
'use strict';

const fs = require('fs');
const { parseArgs } = require('util');
const smpp = require('smpp');

const { values: options } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    out: { type: 'string' },
    latency: { type: 'string', default: '0' },
    'receipt-latency': { type: 'string', default: '10' },
  },
});

const seen = options.out ? fs.createWriteStream(options.out, { flags: 'a' }) : null;
let lastId = 0x1000;

// Keep the octets beside node-smpp's own reading of them: both are to be compared.
const decode = smpp.filters.message.decode;
smpp.filters.message.decode = function (value, skipUdh) {
  const read = decode.call(this, value, skipUdh);
  if (Buffer.isBuffer(value) && read && typeof read === 'object' && !Buffer.isBuffer(read)) {
    read.octets = value.toString('hex');
  }
  return read;
};

// Deliberate latency is a timer; none is no timer, so that the answer goes out with the others of its read.
function after(milliseconds, act) {
  if (Number(milliseconds) > 0) {
    setTimeout(act, Number(milliseconds));
  } else {
    act();
  }
}

function writeDown(pdu) {
  if (!seen) {
    return;
  }
  const message = pdu.message_payload || pdu.short_message;
  seen.write(JSON.stringify({
    at: Date.now(),
    sequence: pdu.sequence_number,
    source: pdu.source_addr,
    source_ton: pdu.source_addr_ton,
    destination: pdu.destination_addr,
    data_coding: pdu.data_coding,
    esm_class: pdu.esm_class,
    validity: pdu.validity_period,
    short_message: message.octets || '',
    text: message.message === undefined ? '' : message.message.toString(),
    sar: [pdu.sar_msg_ref_num, pdu.sar_total_segments, pdu.sar_segment_seqnum],
  }) + '\n');
}

function receipt(session, pdu, id) {
  const date = new Date().toISOString().replace(/\D/g, '').slice(2, 12);
  session.deliver_sm({
    source_addr: pdu.destination_addr,
    destination_addr: pdu.source_addr,
    esm_class: 0x04,
    short_message: `id:${id} sub:001 dlvrd:001 submit date:${date} done date:${date} stat:DELIVRD err:000 text:`,
    receipted_message_id: id,
    message_state: 2,
  });
}

function take(session, pdu) {
  const id = (lastId += 1).toString(16);
  writeDown(pdu);
  after(options.latency, () => {
    session.send(pdu.response({ message_id: id }));
    if (pdu.registered_delivery & 1) {
      after(options['receipt-latency'], () => receipt(session, pdu, id));
    }
  });
}

const server = smpp.createServer((session) => {
  session.on('error', () => {});
  for (const bind of ['bind_transceiver', 'bind_transmitter', 'bind_receiver']) {
    session.on(bind, (pdu) => session.send(pdu.response({ system_id: 'node' })));
  }
  session.on('enquire_link', (pdu) => session.send(pdu.response()));
  session.on('submit_sm', (pdu) => take(session, pdu));
  session.on('unbind', (pdu) => {
    session.send(pdu.response());
    session.close();
  });
});

server.listen(Number(options.port), '127.0.0.1', () => {
  process.stdout.write(JSON.stringify({ port: server.address().port }) + '\n');
});
process.on('SIGTERM', () => (seen ? seen.end(() => process.exit(0)) : process.exit(0)));
