/** Found by search in OKLCH: each reaches 4.5:1 on its ground, and the closest two stay apart (OKLab distance at least 0.08) for normal
 *  sight and for simulated protanopia, deuteranopia and tritanopia (Machado 2009). A name always stands next to a colour. */
const LIGHT = ['#3936b7', '#d33c50', '#3b741e', '#493b02', '#14809e', '#6b0065', '#5b5f66']
const DARK = ['#7088f9', '#e45b35', '#adf7c1', '#e7c40e', '#6ac9e8', '#b26ba3', '#b4b9c2']

/** The colour of the class at this place of the list. */
export const hue = (place: number, isDark: boolean) => {
  const colors = isDark ? DARK : LIGHT
  return colors[((place % colors.length) + colors.length) % colors.length]!
}
