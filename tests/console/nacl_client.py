"""What the console does, with the NaCl of Python: nacl_client.py URL CONTROL-DIRECTORY USER PASSWORD. Exit status 0 when all
is well. CONTROL-DIRECTORY is as for browser/drive.mjs: what the server must have got, and a gateway that loses its key."""
import base64
import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

from nacl.public import Box, PrivateKey, PublicKey

URL, CONTROL, USER, PASSWORD = sys.argv[1:5]
OWN = PrivateKey.generate()


def fetch(path, headers=None, body=None):
    request = urllib.request.Request(f'{URL}/iiab-cmd-service/{path}', data=body, headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=70) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def server_box():
    return Box(OWN, PublicKey(base64.b64decode(fetch('auth/get_pubkey')[1], validate=True)))


BOX = server_box()


def sealed(text, nonce):
    return base64.b64encode(BOX.encrypt(text.encode(), nonce).ciphertext).decode()


def headers_for(nonce_text, password):
    return {'X-IIAB-Credentials': sealed(f'{USER}:{password}', base64.b64decode(nonce_text)), 'X-IIAB-Nonce': nonce_text,
            'X-IIAB-ClientKey': base64.b64encode(bytes(OWN.public_key)).decode()}


def send(command, password=PASSWORD, boxed=False, second_nonce=False):
    nonce = fetch('auth/get_nonce')[1]
    headers = headers_for(nonce, password)
    text = command.replace(' ', '%20')
    if second_nonce:
        nonce = headers['X-IIAB-Command-Nonce'] = fetch('auth/get_nonce')[1]
    if boxed:
        field = 'encrypted_command=' + urllib.parse.quote(sealed(text, base64.b64decode(nonce)), safe='')
    else:
        field = 'command=' + urllib.parse.quote(text, safe="-_.!~*'()")
    return fetch('cmd', headers, field.encode())


def expect(what, condition, got):
    if not condition:
        sys.exit(f'{what}: {got}')


def login(password, nonce=None):
    return fetch('auth/login', headers_for(nonce or fetch('auth/get_nonce')[1], password))[0]


expect('login', login(PASSWORD) == 200, 'refused')
sent = []
TEXTS = ['a b  c', 'quote " back \\ slash / \' ( )', '100% + & = ? # ; ~ !', 'äé€😀 \u2028', '%2B %zz <b>', 'line\nbreak\ttab', 'x' * 100_000]
for value in TEXTS:
    for key, boxed, second in [('plain', False, False), ('boxed', True, False), ('two', True, True)]:
        command = 'TEST ' + json.dumps({key: value}, ensure_ascii=False)
        status, body = send(command, boxed=boxed, second_nonce=second)
        expect('TEST', status == 200 and 'Data' in json.loads(body), (status, body))
        sent.append(command)
for refused in ['AUTHENTICATE {}', 'STOP']:
    status, body = send(refused)
    expect(refused, json.loads(body) == {'Error': 'Invalid command.', 'Alert': 'True'}, (status, body))
status, body = send('TEST', password='wrong')
expect('a wrong password', status == 403, (status, body))
used = fetch('auth/get_nonce')[1]
expect('a nonce', login(PASSWORD, used) == 200, 'refused')
expect('the same nonce again', login(PASSWORD, used) == 403, 'let in')
fresh = 'Wq7-brunt:Oxcart %2B+&="\\ä€'
status, body = send('CHGPW ' + json.dumps({'user': USER, 'oldpasswd': PASSWORD, 'newpasswd': fresh}, ensure_ascii=False), boxed=True)
expect('CHGPW', json.loads(body).get('Data') == {'Success': 'CHGPW Password Changed.'}, (status, body))
expect('the old password', login(PASSWORD) == 403, 'let in')
expect('the new password', login(fresh) == 200, 'refused')
open(f'{CONTROL}/restart-wanted', 'w').close()
until = time.monotonic() + 60
while not os.path.exists(f'{CONTROL}/restarted'):
    expect('a new gateway', time.monotonic() < until, 'none')
    time.sleep(0.02)
expect('a box for the old key', login(fresh) == 403, 'let in')
BOX = server_box()
expect('a box for the new key', login(fresh) == 200, 'refused')
with open(f'{CONTROL}/commands', 'w', encoding='utf-8', newline='') as file:
    file.write('\0'.join(sent))
print('all is well')
