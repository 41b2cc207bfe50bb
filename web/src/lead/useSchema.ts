import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { api, take } from '../lib/api'

const AFTER = 250

/** What the server says of a schema, shortly after it was last changed; `isCurrent`: it is about this very text. */
export function useSchema(text: string) {
  const [asked, setAsked] = useState(text)
  useEffect(() => {
    const timer = setTimeout(() => setAsked(text), AFTER)
    return () => clearTimeout(timer)
  }, [text])
  const { data, error, isPlaceholderData } = useQuery({
    queryKey: ['schema', asked],
    staleTime: Infinity,
    placeholderData: keepPreviousData,
    queryFn: () => take(api.POST('/v1/schemas/check', { body: { text: asked } })),
  })
  return { checked: data, error, isCurrent: asked === text && !isPlaceholderData && data !== undefined }
}

export type Checked = NonNullable<ReturnType<typeof useSchema>['checked']>
