// What the console's JavaScript does with the gateway, without its pages: XMLHttpRequest, form bodies as jQuery writes
// them, tweetnacl with a key pair for each initialisation.
'use strict';

const page = {keys: null, serverKey: null, user: '', password: '', restarts: 0};

function ask(method, url, headers = {}, body = null) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open(method, url + (method === 'GET' ? '?_=' + Date.now() : ''));
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.onloadend = () => resolve({status: request.status, text: request.responseText});
    request.send(body);
  });
}

const service = '/iiab-cmd-service/';

async function initialise() {
  const info = await ask('GET', 'server-info.php');
  page.info = JSON.parse(info.text);
  page.keys = nacl.box.keyPair();
  page.serverKey = nacl.util.decodeBase64((await ask('GET', service + 'auth/get_pubkey')).text);
}

function seal(text, nonce) {
  const box = nacl.box(nacl.util.decodeUTF8(text), nacl.util.decodeBase64(nonce), page.serverKey, page.keys.secretKey);
  return nacl.util.encodeBase64(box);
}

async function authHeaders(more = {}) {
  const nonce = (await ask('GET', service + 'auth/get_nonce')).text;
  return {
    'X-IIAB-Credentials': seal(page.user + ':' + page.password, nonce),
    'X-IIAB-Nonce': nonce,
    'X-IIAB-ClientKey': nacl.util.encodeBase64(page.keys.publicKey),
    ...more,
  };
}

async function login(user, password, more = {}) {
  page.user = user;
  page.password = password;
  return ask('GET', service + 'auth/login', await authHeaders(more));
}

async function post(field, value, headers) {
  const answer = await ask('POST', service + 'cmd',
    {...headers, 'Content-Type': 'application/x-www-form-urlencoded; charset=UTF-8'}, field + '=' + encodeURIComponent(value));
  if (answer.status === 403) {  // the page starts over with the login form
    page.restarts += 1;
    await initialise();
  }
  return {status: answer.status, body: answer.text === '' ? null : JSON.parse(answer.text)};
}

async function send(command) {
  return post('command', command.replace(/ /g, '%20'), await authHeaders());
}

async function sendEncrypted(command) {
  const headers = await authHeaders();
  return post('encrypted_command', seal(command.replace(/ /g, '%20'), headers['X-IIAB-Nonce']), headers);
}

// --- what a new page may do: a cookie, the header beside it, and events ----------------------------------------------

async function sendByCookie(command, forgery) {
  const headers = forgery === undefined ? {} : {'X-IIAB-Forgery': forgery};
  return ask('POST', service + 'cmd', {...headers, 'Content-Type': 'application/x-www-form-urlencoded'},
    'command2=' + encodeURIComponent(command));
}

function listen() {
  page.events = [];
  page.source = new EventSource(service + 'events');
  for (const name of ['snapshot', 'job', 'server']) {
    page.source.addEventListener(name, (event) => page.events.push({name, id: event.lastEventId, data: JSON.parse(event.data)}));
  }
  return new Promise((resolve) => page.source.addEventListener('snapshot', () => resolve(true), {once: true}));
}
