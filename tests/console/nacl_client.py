"""What the console does, with the NaCl of Python: nacl_client.py URL USER PASSWORD. Exit status 0 when all is well."""
import base64
import json
import sys
import urllib.error
import urllib.parse
import urllib.request

from nacl.public import Box, PrivateKey, PublicKey

URL, USER, PASSWORD = sys.argv[1:4]
OWN = PrivateKey.generate()


def fetch(path, headers=None, body=None):
    request = urllib.request.Request(f'{URL}/iiab-cmd-service/{path}', data=body, headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=70) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


BOX = Box(OWN, PublicKey(base64.b64decode(fetch('auth/get_pubkey')[1], validate=True)))


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


status, body = fetch('auth/login', headers_for(fetch('auth/get_nonce')[1], PASSWORD))
expect('login', status == 200, (status, body))
for value in ['a b', '"\\', '100% + & =', 'äé€😀', 'x' * 100_000]:
    for boxed, second in [(False, False), (True, False), (True, True)]:
        status, body = send('TEST ' + json.dumps({'text': value}, ensure_ascii=False), boxed=boxed, second_nonce=second)
        expect('TEST', status == 200 and 'Data' in json.loads(body), (status, body))
status, body = send('AUTHENTICATE {}')
expect('AUTHENTICATE', json.loads(body) == {'Error': 'Invalid command.', 'Alert': 'True'}, (status, body))
status, body = send('TEST', password='wrong')
expect('a wrong password', status == 403, (status, body))
status, body = send('CHGPW {"user": "root", "oldpasswd": "x", "newpasswd": "y"}', boxed=True)
expect('CHGPW', json.loads(body) == {'Error': 'May not change root password. CHGPW.'}, (status, body))
print('all is well')
