// What repositories look like: folders of manifests, templates, documentation. None of it is an alarm.
import { afterEach, expect, test } from 'vitest'
import { type Checked, makeChecked, short } from './support.ts'

let repo: Checked
afterEach(() => repo.remove())

const manifest = (kind: string, rest: string): string =>
  `apiVersion: v1\nkind: ${kind}\nmetadata:\n  name: app\n${rest}`
const flux = `creation_rules:
  - path_regex: .*\\.sops\\.ya?ml$
    encrypted_regex: ^(data|stringData)$
    age: ALICE,BOB
  - path_regex: kubernetes/.*\\.ya?ml$
    encrypted_regex: ^(data|stringData)$
    age: ALICE,BOB
`
const everyFile = `creation_rules:
  - age: ALICE,BOB
`
const folder = `creation_rules:
  - path_regex: ^(host_vars|group_vars)/.*
    age: ALICE,BOB
  - path_regex: ^secrets/
    age: ALICE,BOB
`

test.each<[string, string, Readonly<Record<string, string>>]>([
  [
    'manifests below a rule for all of them',
    flux,
    {
      'kubernetes/app/deployment.yaml': manifest('Deployment', 'spec: {replicas: 1}\n'),
      'kubernetes/app/config.yaml': manifest('ConfigMap', 'data: {host: db}\n'),
      'kubernetes/app/kustomization.yaml': 'resources: [deployment.yaml]\n',
      'kubernetes/app/release.yaml': manifest('HelmRelease', 'spec: {values: {password: ""}}\n'),
      'kubernetes/app/values.yaml': 'replicas: 1\nimage: {tag: v1}\n',
      'kubernetes/app/all.yaml': `${manifest('Service', 'spec: {}\n')}---\n${manifest('ConfigMap', 'data: {a: b}\n')}`,
      'kubernetes/app/empty.yaml': '# nothing yet\n',
      'kubernetes/app/secret.yaml': manifest('Secret', 'stringData: {}\n'),
      'kubernetes/app/README.md': 'data: ENC[AES256_GCM,data:x,iv:y,tag:z,type:str]\n',
    },
  ],
  [
    'a rule for every file',
    everyFile,
    { 'package.json': '{"name": "x"}', 'src/index.js': 'x', 'config/app.yaml': 'password: hunter2\n', 'data.bin': 'x' },
  ],
  [
    'templates, examples and public keys beside secrets',
    folder,
    {
      'secrets/app.yaml.j2': 'password: {{ password }}\n',
      'secrets/app.env.example': 'PASSWORD=\n',
      'secrets/ci.pub': 'ssh-ed25519 AAAA\n',
      'secrets/.gitkeep': '',
      'secrets/empty.bin': '',
      'secrets/nothing.json': '{}',
      'host_vars/a/main.yml': '---\n',
      'group_vars/all.yml': 'a: null\nb: ""\n',
      'group_vars/LICENSE.txt': 'text',
    },
  ],
  [
    'settings of other programs that are called sops, and texts about ciphertext',
    folder,
    {
      'values.yaml': 'sops:\n  enabled: true\n  age:\n    secretName: key\n  version: 3.9.1\n',
      'operator.json': '{"sops": {"age": "none"}}',
      'docs.md': 'a: ENC[AES256_GCM,data:AAAA,iv:AAAA,tag:AAAA,type:str]\n<<<<<<< HEAD\n',
      'flux.yaml': manifest(
        'ConfigMap',
        'data:\n  x: |\n    a: ENC[AES256_GCM,data:AAAA,iv:AAAA,tag:AAAA,type:str]\n    sops: {mac: x}\n',
      ),
      'test.sh': 'grep -q AGE-SECRET-KEY-1 "$1" && echo "-----BEGIN PRIVATE KEY-----"\n',
    },
  ],
])('%s', async (_, config, files) => {
  repo = makeChecked(config)
  for (const [name, text] of Object.entries(files)) repo.write(name, text)
  repo.git('add', '-A')
  const { code, found } = await repo.check('--rule', 'unused-rule=off')
  expect([code, short(found)]).toEqual([0, []])
})

test('without any configuration nothing is asked for', async () => {
  repo = makeChecked()
  repo.write('secrets/a.yaml', 'password: x\n')
  repo.git('rm', '-q', '--cached', '--ignore-unmatch', '.sops.yaml')
  repo.write('.sops.yaml', '')
  repo.git('add', 'secrets')
  expect(short((await repo.check()).found)).toEqual([])
})

test('secrets among manifests are found', async () => {
  repo = makeChecked(flux)
  repo.write('kubernetes/app/secret.yaml', manifest('Secret', 'stringData: {password: x}\n'))
  repo.write(
    'kubernetes/app/all.yaml',
    `${manifest('Service', 'spec: {}\n')}---\n${manifest('Secret', 'data: {a: eA==}\n')}`,
  )
  repo.git('add', '-A')
  expect(short((await repo.check('--rule', 'unused-rule=off')).found)).toEqual([
    'plaintext-file kubernetes/app/all.yaml error',
    'plaintext-file kubernetes/app/secret.yaml error',
  ])
})
