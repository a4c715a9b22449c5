// Drives a real Chromium through everything that the console does: drive.mjs URL CONTROL-DIRECTORY USER PASSWORD.
// Exit status 0 when all is well. CONTROL-DIRECTORY: `commands` lists what the server must have got, `restart-wanted` asks
// for a gateway with a new key, and `restarted` says that it is there.
import {chromium} from 'playwright-core';
import assert from 'node:assert/strict';
import {existsSync, watch, writeFileSync} from 'node:fs';

const [url, control, user, password] = process.argv.slice(2);
const secure = url.startsWith('https:');
const commands = [];

function appears(name) {
  return new Promise((resolve) => {
    const look = () => existsSync(`${control}/${name}`) && (watcher.close(), resolve());
    const watcher = watch(control, look);
    look();
  });
}

const texts = ['a b  c', 'quote " back \\ slash / \' ( )', '100% + & = ? # ; ~ !', 'äé€😀 \u2028', '%2B %zz <b>', 'line\nbreak\ttab'];

async function theConsole(page) {
  const loaded = await page.evaluate(() => initialise().then(() => page.info));
  assert.equal(loaded.iiab_cmdsrv_running, 'TRUE');
  assert.equal(loaded.iiab_client_ip, '127.0.0.1');
  const signedIn = await page.evaluate(([u, p]) => login(u, p), [user, password]);
  assert.equal(signedIn.status, 200);
  for (const command of ['GET-ADM-CONF', 'GET-ZIM-STAT', 'GET-SPACE-AVAIL', 'GET-JOB-STAT {"last_rowid": 1}']) {
    const {status, body} = await page.evaluate((c) => send(c), command);
    assert.equal(status, 200, command);
    assert.ok(typeof body.Data === 'object' && Number(body.Resp_time) > 0, command + JSON.stringify(body));
  }
  for (const text of [...texts, 'x'.repeat(100_000)]) {
    const plain = 'TEST ' + JSON.stringify({text}), boxed = 'TEST ' + JSON.stringify({boxed: text});
    assert.ok((await page.evaluate((c) => send(c), plain)).body.Data, plain.slice(0, 80));
    assert.ok((await page.evaluate((c) => sendEncrypted(c), boxed)).body.Data, boxed.slice(0, 80));
    commands.push(plain, boxed);
  }
  const many = await page.evaluate(() => Promise.all(Array.from({length: 9}, () => send('GET-JOB-STAT'))));
  assert.ok(many.every((one) => one.status === 200), 'nine at once, as at its start');
  for (const refused of ['STOP', ' AUTHENTICATE {}']) {
    assert.deepEqual((await page.evaluate((c) => send(c), refused)).body, {Error: 'Invalid command.', Alert: 'True'});
  }
  assert.equal((await page.evaluate((u) => login(u, 'wrong'), user)).status, 403);
  assert.equal((await page.evaluate(() => login('', ''))).status, 403, 'a page that nobody is signed in to');
}

async function changedPassword(page) {
  const fresh = 'Wq7-brunt:Oxcart %20+&="\\ä€';
  await page.evaluate(([u, p]) => login(u, p), [user, password]);
  const change = 'CHGPW ' + JSON.stringify({user, oldpasswd: password, newpasswd: fresh.replace('%20', '%2B')});
  const done = await page.evaluate((c) => sendEncrypted(c), change);
  assert.deepEqual(done.body.Data, {Success: 'CHGPW Password Changed.'});
  assert.equal((await page.evaluate(([u, p]) => login(u, p), [user, password])).status, 403);
  assert.equal((await page.evaluate(([u, p]) => login(u, p), [user, fresh.replace('%20', '%2B')])).status, 200);
}

async function lostKey(page) {
  writeFileSync(`${control}/restart-wanted`, '');
  await appears('restarted');
  const refused = await page.evaluate(() => send('TEST {}'));
  assert.equal(refused.status, 403, 'its boxes are for the old key');
  assert.equal(await page.evaluate(() => page.restarts), 1);
  assert.equal((await page.evaluate(() => login(page.user, page.password))).status, 200);
  assert.equal((await page.evaluate(() => send('TEST {}'))).status, 200, 'and it has recovered by itself');
}

async function newPage(page) {
  const forgery = await page.evaluate(async () => (await login(page.user, page.password, {'X-IIAB-Session': 'cookie'})).text);
  assert.equal(forgery.length, 43);
  assert.equal(await page.evaluate(() => document.cookie), '', 'no script can read the cookie');
  const session = await page.evaluate(() => ask('GET', '/iiab-cmd-service/auth/session'));
  assert.deepEqual(JSON.parse(session.text), {user, forgery});
  assert.equal((await page.evaluate(() => sendByCookie('TEST {}'))).status, 403, 'without the header');
  const sent = await page.evaluate((f) => sendByCookie('TEST-JOB {"steps": [0]}', f), forgery);
  assert.equal(sent.status, secure ? 200 : 403, 'a cookie is good for Commands behind HTTPS');
  assert.ok(await page.evaluate(() => listen()), 'events begin with a snapshot');
  assert.equal((await page.evaluate(() => send('TEST-JOB {"steps": [0]}'))).status, 200);
  await page.waitForFunction(() => page.events.some((one) => one.name === 'job' && one.data.job_status === 'SUCCEEDED'), null, {timeout: 60_000});
}

// A page of another site in the same browser: it may send, but the cookie stays at home, and it sees nothing.
async function otherSite(context, page) {
  const evil = await context.newPage();
  await evil.goto(url.replace('127.0.0.1', 'localhost'));
  const statuses = [];
  evil.on('response', (response) => statuses.push([new URL(response.url()).pathname, response.status()]));
  const target = new URL(url).origin;
  const read = await evil.evaluate((to) => fetch(to + '/iiab-cmd-service/auth/session', {credentials: 'include'})
    .then(() => 'read', () => 'blocked'), target);
  assert.equal(read, 'blocked', 'there are no CORS headers');
  await evil.evaluate((to) => fetch(to + '/iiab-cmd-service/cmd', {method: 'POST', mode: 'no-cors', credentials: 'include',
    body: new URLSearchParams({command2: 'TEST-JOB {}'})}).catch(() => null), target);
  const header = await evil.evaluate((to) => fetch(to + '/iiab-cmd-service/cmd', {method: 'POST', credentials: 'include',
    headers: {'X-IIAB-Forgery': 'x'}, body: 'command2=TEST'}).then(() => 'sent', () => 'blocked'), target);
  assert.equal(header, 'blocked', 'the header needs a leave that the gateway never gives');
  const form = evil.waitForResponse((response) => response.request().method() === 'POST' && response.request().isNavigationRequest());
  await evil.evaluate((to) => {
    document.body.innerHTML = `<form method="post" action="${to}/iiab-cmd-service/cmd"><input name="command2" value="TEST"></form>`;
    document.forms[0].submit();
  }, target);
  assert.equal((await form).status(), 403, 'a form of another site');
  assert.ok(statuses.filter(([path]) => path.startsWith('/iiab-cmd-service/')).every(([, status]) => status >= 400), JSON.stringify(statuses));
  await evil.close();
  const framing = await context.newPage();
  await framing.goto(url.replace('127.0.0.1', 'localhost'));
  const framed = await framing.evaluate((to) => new Promise((resolve) => {
    const frame = document.createElement('iframe');
    frame.onload = () => resolve(frame.contentDocument === null ? 'foreign' : 'own');
    frame.src = to + '/iiab-cmd-service/auth/get_nonce';
    document.body.append(frame);
  }), target);
  assert.equal(framed, 'foreign');
  assert.equal(await framing.frames()[1].evaluate(() => document.body?.innerText ?? '').then((text) => /^[A-Za-z0-9+/]{32}$/.test(text.trim())),
    false, 'nothing is shown in a frame of another site');
  await framing.close();
  assert.equal((await page.evaluate(() => send('TEST {}'))).status, 200);
}

const browser = await chromium.launch({executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-dev-shm-usage']});
try {
  const context = await browser.newContext({ignoreHTTPSErrors: true});
  const page = await context.newPage();
  page.on('pageerror', (error) => { throw error; });
  await page.goto(url);
  await theConsole(page);
  await changedPassword(page);
  await lostKey(page);
  await newPage(page);
  await otherSite(context, page);
} finally {
  await browser.close();
}
writeFileSync(`${control}/commands`, commands.join('\0'));
console.log('all is well');
