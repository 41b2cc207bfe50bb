import type { ComponentType } from 'react'
import type { FormField, Json } from '../lib/api'

/** What the page gives to the view of a field. `turn` changes with each example: what a view remembers is for one turn. */
export type FieldProps = {
  field: FormField
  turn: number
  value: Json
  draft: Json | undefined // undefined: there is none to be seen
  drafts: Record<string, Json> // of all fields
  alternatives: Record<string, number>
  content: Record<string, Json>
  label: Record<string, Json>
  fields: FormField[] // all of the form
  setOther: (name: string, value: Json) => void
  isAlone: boolean // the form has no other field: what is chosen can be sent at once
  isActive: boolean // keys are for this field
  active: string // the field that keys are for
  set: (value: Json) => void
  finish: (value: Json) => void // set it and go on
}

/** How a kind of field is shown and filled in. */
export type KindView = {
  Panel: ComponentType<FieldProps>
  Stage?: ComponentType<FieldProps>
  isStaged?: (field: FormField, fields: FormField[]) => boolean // whether the stage is drawn; left out: always
  covers?: (field: FormField) => string[] // content fields that the stage shows itself
  initial?: Json // what an empty field holds, where that is a value
  summary: (value: Json, field: FormField) => string
}
