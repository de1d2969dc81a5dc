// A file that anybody could have encrypted sets variables that make programs load other code: exec-env names them before it runs anything.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { steeringNames } from '../../src/cli/exec/steering.ts'
import { encrypt } from '../../src/index.ts'
import { sandbox } from '../support/cli.ts'
import { keysFolder } from '../support/conformance/case.ts'
import { type Outcome, runProgram } from '../support/process.ts'

const identity = readFileSync(join(keysFolder, 'one.age'), 'utf8')
const box = sandbox()
afterAll(() => box.remove())

async function execEnv(values: Readonly<Record<string, string>>, ...flags: string[]): Promise<Outcome> {
  const recipients = { age: /age1[a-z0-9]+/.exec(identity)![0] }
  writeFileSync(box.path('f.json'), await encrypt(JSON.stringify(values), { format: 'json', recipients }))
  const env = { PATH: process.env.PATH ?? '', HOME: box.dir, SOPS_AGE_KEY: identity }
  return runProgram(['exec-env', ...flags, 'f.json', 'echo "ran $A"'], { cwd: box.dir, env })
}

describe.each([[], ['--pristine'], ['--same-process']])('exec-env %s', (...flags) => {
  test('warns of the names, never of the values, and runs the command', async () => {
    const { exit, stdout, stderr } = await execEnv(
      { A: '1', BASH_ENV: '/canary.sh', NODE_OPTIONS: '--canary' },
      ...flags,
    )
    expect([exit, stdout.toString()]).toEqual([0, 'ran 1\n'])
    expect(stderr.toString()).toMatch(/^warning: \S+: the file sets /m)
    expect(stderr.toString()).toContain('the file sets BASH_ENV, NODE_OPTIONS: programs load or run what these name')
    expect(stderr.toString()).not.toContain('canary')
  })
})

test('a name cannot steer the terminal', async () => {
  const { stderr } = await execEnv({ A: '1', 'LD_\x1b[2J\n::add-mask::': 'x' })
  expect(stderr.toString()).not.toMatch(/\x1b|\n./)
  expect(stderr.toString()).toContain('LD_')
})

test('other names are no one’s business', async () => {
  const { stderr } = await execEnv({
    A: '1',
    PASSWORD: 'x',
    DATABASE_URL: 'x',
    GIT_AUTHOR_NAME: 'x',
    PATHS: 'x',
    path: 'x',
  })
  expect(stderr.toString()).toBe('')
})

const asked =
  'LD_PRELOAD LD_AUDIT LD_LIBRARY_PATH DYLD_INSERT_LIBRARIES NODE_OPTIONS NODE_PATH BASH_ENV ENV PROMPT_COMMAND PATH PYTHONPATH ' +
  'PYTHONSTARTUP PERL5OPT PERL5LIB RUBYOPT RUBYLIB GIT_SSH_COMMAND GIT_EXTERNAL_DIFF GIT_CONFIG_COUNT GIT_CONFIG_KEY_0 JAVA_TOOL_OPTIONS ' +
  'IFS SHELL HOME BASH_FUNC_ls%% npm_config_node_options CLASSPATH EDITOR DOTNET_STARTUP_HOOKS GCONV_PATH SOPS_AGE_KEY_CMD ' +
  'BUN_OPTIONS AWS_CONFIG_FILE KUBECONFIG DOCKER_CONFIG HELM_PLUGINS TF_CLI_CONFIG_FILE RIPGREP_CONFIG_PATH FZF_DEFAULT_COMMAND CC'

test.each(asked.split(' '))('%s', (name) => {
  expect(steeringNames(['A', name], 'linux')).toEqual([name])
})

test('in any case on Windows only', () => {
  expect(steeringNames(['Path', 'comspec', 'node_options'], 'win32')).toEqual(['Path', 'comspec', 'node_options'])
  expect(steeringNames(['Path', 'comspec', 'node_options'], 'linux')).toEqual([])
})
