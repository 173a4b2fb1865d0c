import { geteuid, pid } from 'node:process'
import { groupId, named, openFiles } from '../backend/machine.js'
import type { LogWatch } from './log-watch.js'
import type { Answer } from './request.js'
import type { Step } from './verdict.js'

/** The group that the service reads logs as, and by which Debian lets it. */
const READERS = 'adm'

/** What is said of a log in which the line has come. */
export function logStep(path: string, log: LogWatch): Step {
  const step = 'log'
  const stat = log.stat()
  const isShared = stat === undefined || (stat.mode & 0o004) !== 0
  const isReaders = stat !== undefined && (stat.mode & 0o040) !== 0 && stat.gid === groupId(READERS)
  const isRead = openFiles('', 'read', path).some(file => file.path === path && file.pid !== pid)
  if (geteuid?.() === 0 && !isShared && !isReaders && !isRead) {
    return {
      step,
      ok: false,
      what:
        `${path} has the line, but no process reads it, and only its owner and its group may: the service ` +
        `xff-jail-log@ reads logs as group ${READERS}`,
      cure: `chgrp ${READERS} ${path} && chmod g+r ${path}, and the same in logrotate (create 640 root ${READERS})`,
    }
  }
  if (!isRead) return { step, ok: true, what: `${path} has the line; no process reads it at the moment` }
  return { step, ok: true, what: `${path} has the line` }
}

/** Why a line has not come. */
export function logProblem(path: string, log: LogWatch, answer: Answer, waitMs: number): Step {
  const failed = (what: string, cure: string): Step => ({ step: 'log', ok: false, what, cure })
  const problem = log.problem()
  if (problem !== undefined) {
    const cure = /must not be read/.test(problem)
      ? `run it as root, or as a member of group ${READERS}`
      : elsewhere(path)
    return failed(problem, cure)
  }
  if (answer.location !== undefined) {
    return failed(
      `no line came within ${waitMs / 1000} s: the front end itself sends clients to ${answer.location}`,
      'check that URL',
    )
  }
  if (log.lines() > 0) {
    return failed(
      `${log.lines()} other lines came, and none with the mark: it is not the log of this app, or does not say what was asked for`,
      `${elsewhere(path)}; a log-format needs %(uri), or a cache or the front end itself has answered`,
    )
  }
  const writers = openFiles('', 'written', path).filter(
    file => file.path === path || file.path === `${path} (deleted)`,
  )
  const [writer] = writers
  if (writer?.path.endsWith(' (deleted)')) {
    return failed(
      `nothing was written to ${path}: ${named(writer)} writes to the file that had this name before it was rotated`,
      'have it open the log again after a rotation (share/doc/xff-jail/examples/logrotate-reopen), or use copytruncate',
    )
  }
  if (writer === undefined)
    return failed(`nothing was written to ${path}, and no process has it open for writing`, elsewhere(path))
  return failed(
    `nothing was written to ${path} within ${waitMs / 1000} s`,
    'the request did not reach the app: a cache or the front end itself has answered, or another server',
  )
}

/** Where the log may be instead. */
function elsewhere(path: string): string {
  const others = openFiles('uwsgi', 'written').filter(file => file.path !== path)
  const found = [...new Map(others.map(file => [file.path, file])).values()].slice(0, 3)
  const told = found.map(file => `${named(file)} writes to ${file.path}`).join(', ')
  return told === ''
    ? 'give --log the file that uWSGI writes (logto or req-logger)'
    : `is it another one? ${told}`
}
