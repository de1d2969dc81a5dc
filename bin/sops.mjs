#!/usr/bin/env node
// The same program for callers that name a module.
import './sops.cjs'
