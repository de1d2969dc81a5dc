// One seed for every property that names none, so that a red test is the fault of the change at hand and can be had again.
import fc from 'fast-check'
import { seed } from '../fuzz/budget.ts'

fc.configureGlobal({ seed })
