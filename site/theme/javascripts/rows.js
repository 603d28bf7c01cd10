// Reads a board's rows from /api/v1/rows/, each as an object by column; `estimated_` is dropped, `kind` says it.

export async function load(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
  const board = await answer.json();
  const names = board.columns.map((name) => name.replace(/^estimated_/, "").replace("wh_per_1000_queries", "wh"));
  board.rows = board.rows.map((values, place) => {
    const row = { place };
    names.forEach((name, i) => {
      row[name] = values[i];
    });
    row.find = row.model.toLowerCase();
    return row;
  });
  [...board.rows].sort((a, b) => (a.wh == null) - (b.wh == null) || a.wh - b.wh).forEach((row, i) => {
    row.energyPlace = i;
  });
  return board;
}

/** What may be claimed of a switch, from a model to another, in words; nothing where that cannot be read. */
export async function claims(address) {
  const answer = await fetch(address.replace(/\.json$/, ".claims.json")).catch(() => null);
  return answer?.ok ? (await answer.json()).claims : {};
}
