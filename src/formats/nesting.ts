/** For what a format of lines has no room for. */
export const nestingHint = '--output-type yaml or json holds lists, maps and values of every kind'
