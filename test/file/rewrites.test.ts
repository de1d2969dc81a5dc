// How often a command rewrites the text it writes: it is most of the work on a large file.
import { expect, test, vi } from 'vitest'
import { rewriteText } from '../../src/formats/yaml/rewrite/rewrite.ts'
import { makeProject } from '../support/project.ts'

vi.mock(import('../../src/formats/yaml/rewrite/rewrite.ts'), async (original) => {
  const module = await original()
  return { ...module, rewriteText: vi.fn(module.rewriteText) }
})

test('encrypting rewrites the text once, for its bytes and for what is lost', async () => {
  const project = makeProject({ 'f.yaml': 'a: 0x1F\nb: &x secret\nc: *x\n' })
  try {
    const alice = project.person('one')
    vi.mocked(rewriteText).mockClear()
    const { stderr } = await alice.sops(['encrypt', '-i', '--age', alice.recipient, 'f.yaml'])
    expect(stderr).toContain('note: f.yaml: the spelling of ["a"] cannot be kept')
    expect(stderr).toContain('1 alias was replaced by a copy')
    expect(vi.mocked(rewriteText)).toHaveBeenCalledTimes(1)
  } finally {
    project.remove()
  }
})
