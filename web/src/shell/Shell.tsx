import { Tooltip, useComputedColorScheme, useMantineColorScheme } from '@mantine/core'
import {
  IconArrowsDiff,
  IconCheck,
  IconGavel,
  IconListCheck,
  IconListSearch,
  IconLogout,
  IconMoon,
  IconStack2,
  IconSun,
  IconUserCircle,
  IconUsers,
} from '@tabler/icons-react'
import type { ReactNode } from 'react'
import { Link, useLocation } from 'wouter'
import { reaches, useSession, useSignOut } from '../lib/session'
import { NoWorker } from './NoWorker'

const PLACES = [
  { href: '/', label: 'Review', icon: IconListCheck, role: 'reviewer' },
  { href: '/disagreements', label: 'Disagreements', icon: IconGavel, role: 'senior' },
  { href: '/conflicts', label: 'Conflicts', icon: IconArrowsDiff, role: 'senior' },
  { href: '/examples', label: 'Examples', icon: IconListSearch, role: 'lead' },
  { href: '/runs', label: 'Runs', icon: IconStack2, role: 'lead' },
  { href: '/people', label: 'People', icon: IconUsers, role: 'admin' },
  { href: '/me', label: 'Your account', icon: IconUserCircle, role: 'reviewer' },
] as const
/** Places whose pages have other addresses too. */
const WITHIN: Record<string, string[]> = { '/runs': ['/new', '/projects', '/compare'] }

/** The rail of places around every page. */
export function Shell({ children }: { children: ReactNode }) {
  const [at] = useLocation()
  const { data: session } = useSession()
  const signOut = useSignOut()
  const scheme = useComputedColorScheme('light')
  const { setColorScheme } = useMantineColorScheme()
  const isHere = (href: string) =>
    href === '/'
      ? at === '/' || at.startsWith('/review')
      : [href, ...(WITHIN[href] ?? [])].some((one) => at.startsWith(one))
  return (
    <div className="shell">
      <nav className="rail" aria-label="Main">
        <div className="logo">
          <IconCheck size={20} stroke={2.6} />
        </div>
        {PLACES.filter((place) => reaches(session?.role ?? 'reviewer', place.role)).map(
          ({ href, label, icon: Icon }) => (
            <Tooltip key={href} label={label} position="right" openDelay={250}>
              <Link href={href} aria-label={label} aria-current={isHere(href) ? 'page' : undefined}>
                <Icon size={20} stroke={1.7} />
              </Link>
            </Tooltip>
          ),
        )}
        <div className="spring" />
        <Tooltip label="Light or dark" position="right">
          <button
            aria-label="Switch light or dark"
            onClick={() => setColorScheme(scheme === 'dark' ? 'light' : 'dark')}
          >
            {scheme === 'dark' ? <IconSun size={19} stroke={1.7} /> : <IconMoon size={19} stroke={1.7} />}
          </button>
        </Tooltip>
        <Tooltip label={`Sign out ${session?.name ?? ''}`} position="right">
          <button aria-label="Sign out" onClick={() => void signOut()}>
            <IconLogout size={19} stroke={1.7} />
          </button>
        </Tooltip>
      </nav>
      {children}
      <NoWorker />
    </div>
  )
}
