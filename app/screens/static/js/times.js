/** Pure: durations and moments as a person reads them. */

/** 754000 -> "12:34"; an hour and more -> "1:02:34". */
export function clock(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const tail = `${pad(Math.floor(seconds / 60) % 60)}:${pad(seconds % 60)}`;
  const hours = Math.floor(seconds / 3600);
  return hours > 0 ? `${hours}:${tail}` : tail;
}

/** "12分34秒", for screen readers and sentences. */
export function spoken(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const minutes = Math.floor(seconds / 60);
  return minutes > 0 ? `${minutes}分${seconds % 60}秒` : `${seconds}秒`;
}

/** "11/22 10:07"; today's moments without the day. */
export function moment(iso, now = new Date()) {
  const at = new Date(iso);
  const time = `${at.getHours()}:${pad(at.getMinutes())}`;
  return at.toDateString() === now.toDateString() ? time : `${at.getMonth() + 1}/${at.getDate()} ${time}`;
}

function pad(value) {
  return String(value).padStart(2, "0");
}
