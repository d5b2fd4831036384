// What is known in this page: articles, alerts and sources by id. No drawing here.
import { config } from "./words.js";

export const model = { articles: new Map(), alerts: new Map(), sources: new Map(), silences: new Map(), status: null, loaded: false };

const prepared = (article) => ({
  ...article,
  at_ms: Date.parse(article.at),
  revision: article.revision ?? 1,
  language: article.language ?? "und",
  searched: [...article.title, ...(article.lead ?? []), " ", article.source_name].join("").normalize("NFC").toLowerCase(),
});

export function load(state) {
  model.articles = new Map(state.articles.map((each) => [each.id, prepared(each)]));
  model.alerts = new Map(state.alerts.map((each) => [each.id, each]));
  model.sources = new Map(state.sources.map((each) => [each.id, each]));
  model.silences = new Map((state.silences ?? []).map((each) => [each.id, each]));
  model.loaded = true;
  sorted = null;
}

export function change(delta) {
  for (const each of delta.articles ?? []) model.articles.set(each.id, prepared(each));
  for (const each of delta.alerts ?? []) model.alerts.set(each.id, each);
  for (const each of delta.sources ?? []) model.sources.set(each.id, each);
  for (const each of delta.silences ?? []) model.silences.set(each.id, each);
  for (const id of delta.gone_silences ?? []) model.silences.delete(id);
  for (const id of delta.gone_alerts ?? []) model.alerts.delete(id);
  for (const id of delta.gone_sources ?? []) model.sources.delete(id);
  if (model.articles.size > config.articles) for (const each of newest(model.articles).slice(config.articles)) model.articles.delete(each.id);
  sorted = null;
}

let sorted = null;
// Two of one millisecond are told apart by the microseconds of the server's clock.
const byAge = (one, other) => other.at_ms - one.at_ms || (one.at === other.at ? (one.id < other.id ? 1 : -1) : one.at < other.at ? 1 : -1);
const newest = (articles) => [...articles.values()].sort(byAge);

export function articles() {
  sorted ??= newest(model.articles);
  return sorted;
}

const LEVELS = { info: 1, low: 2, medium: 3, high: 4, critical: 5 };
export const level = (severity) => LEVELS[severity] ?? 3;
const newestFirst = (one, other) => Date.parse(other.rang_at) - Date.parse(one.rang_at);
export const alerts = () => [...model.alerts.values()].sort(newestFirst);
// What nobody has seen yet stands first, the gravest of it above: three new minor ones must not hide it.
export const byUrgency = (one, other) => Boolean(one.acknowledged_by) - Boolean(other.acknowledged_by) || level(other.severity) - level(one.severity) || newestFirst(one, other);

// Somebody found that there is nothing to it: it is no open alert any more.
export const isSettled = (alert) => alert.verdict === "false_alarm" || alert.verdict === "denied";

const ORDER = { failing: 0, silent: 1, starting: 2, ok: 3, paused: 4 };
export const sources = () => [...model.sources.values()].sort((one, other) => (ORDER[one.state] ?? 2) - (ORDER[other.state] ?? 2) || one.name.localeCompare(other.name, config.lang));

export function passes(article, choice) {
  if (choice.text && !choice.text.split(/\s+/).every((word) => article.searched.includes(word))) return false;
  if (choice.language && article.language !== choice.language) return false;
  if (choice.source && article.source_id !== choice.source) return false;
  if (choice.entity && !article.names?.some((name) => name.id === choice.entity)) return false;
  if (choice.alerts && !article.rules?.length) return false;
  return !(choice.members && (article.story_position ?? 0) > 1);
}

// One row per article or story, newest first: a story stands where the first of its articles that is shown stands.
export function fold(list) {
  const stories = new Map();
  for (const article of list) {
    if (!article.story_id) continue;
    const story = stories.get(article.story_id);
    if (!story) stories.set(article.story_id, [article]);
    else story.push(article);
  }
  for (const members of stories.values()) members.sort((one, other) => (one.story_position ?? 0) - (other.story_position ?? 0) || one.at_ms - other.at_ms);
  return list.flatMap((article) => {
    const members = stories.get(article.story_id);
    if (!members) return [{ article, members: [] }];
    return members[0] === article ? [{ article, members: members.slice(1) }] : [];
  });
}
