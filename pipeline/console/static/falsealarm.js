export function falseAlarm() {}
