/** After how many failures without a request that was served it is said. */
const LOOK_AT = 1000

/** Watches whether requests that were served come at all. */
export interface Served {
  saw: (isFailure: boolean) => void
  /** the input has ended */
  end: () => void
  /** Whether one has come. */
  any: () => boolean
}

/**
 * @param needs what cannot work without requests that were served; asked when it is to be said
 * @param warn is told once that none has come, if something needs them
 */
export function watchServed(needs: () => readonly string[], warn: (message: string) => void): Served {
  let failures = 0
  let isAny = false
  let isSaid = false
  const say = () => {
    const needed = needs()
    if (isAny || isSaid || failures === 0 || needed.length === 0) return
    isSaid = true
    warn(
      `all requests so far are failures, but ${needed.join(', ')} looks at requests that were served as well: these come ` +
        'with uwsgi-parse --all',
    )
  }
  return {
    saw(isFailure) {
      if (!isFailure) isAny = true
      else {
        failures += 1
        if (failures === LOOK_AT) say()
      }
    },
    end: say,
    any: () => isAny,
  }
}
