/* Sentences of a page in its reader's language, by the English ones: TEXTS and LOCALE stand before this. */
const filled = (text, values) => text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
const gettext = (message, values = {}) => filled(TEXTS[message] ?? message, values);
const PLURALS = new Intl.PluralRules(LOCALE);
/* Catalogues have the forms in Unicode's order: one, few, then all others. */
function ngettext(one, many, count, values = {}) {
  const forms = TEXTS[one] ?? [one, many];
  const place = { one: 0, few: 1 }[PLURALS.select(count)] ?? forms.length - 1;
  return filled(forms[place], { count: count.toLocaleString(LOCALE), ...values });
}
