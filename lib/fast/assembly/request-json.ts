import { ascii } from './bytes'

// what stands between the parts of a request, as uwsgi-parse writes it and xff-window reads it
export const TYPE = ascii('{"type":"request')
export const TIME = ascii('","time":"')
export const IP = ascii('Z","ip":')
export const STATUS = ascii(',"status":')
export const METHOD = ascii(',"method":"')
export const URI = ascii('","uri":"')
export const PROTOCOL = ascii('","protocol":"')
export const BYTES = ascii('","bytes":')
export const MSECS = ascii(',"msecs":')
export const VIA = ascii(',"via":"')
