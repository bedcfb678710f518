/** The version of this release. A rule holds package.json and every other place that names it to it. */
export const version = '0.1.0'
