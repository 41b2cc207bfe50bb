import { Modal } from '@mantine/core'
import { memo } from 'react'
import { Kbd, useCommandList, type Command } from '../lib/commands'

/** Every key that works now: from the very table that works them. */
export const Keys = memo(function Keys({ isOpen, close }: { isOpen: boolean; close: () => void }) {
  const list = useCommandList()
  const shown = isOpen
    ? list().filter((command) => !command.hidden && command.enabled !== false && command.keys.length)
    : []
  const groups = Object.entries(Object.groupBy(shown, (command) => command.group ?? 'Other'))
  return (
    <Modal
      opened={isOpen}
      onClose={close}
      title="Keys"
      centered
      size={680}
      radius={18}
      transitionProps={{ duration: 0 }}
    >
      <div className="keys">
        {groups.map(([group, commands]) => (
          <section key={group}>
            <h3 className="h">{group}</h3>
            {commands!.map((command) => (
              <div key={command.id} className="key">
                <span>{command.title}</span>
                <Caps keys={command.keys} />
              </div>
            ))}
          </section>
        ))}
      </div>
    </Modal>
  )
})

function Caps({ keys }: { keys: Command['keys'] }) {
  const isRange = keys.length > 2 && /\d$/.test(keys[0]!)
  return (
    <span className="caps">
      {isRange ? (
        <>
          <Kbd k={keys[0]!} />
          <span className="muted">to</span>
          <Kbd k={keys.at(-1)!} />
        </>
      ) : (
        keys.slice(0, 2).map((key) => <Kbd key={key} k={key} />)
      )}
    </span>
  )
}
