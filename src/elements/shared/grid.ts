export interface Grid {
  columns: number;
  /** Of one tile, in CSS pixels. */
  width: number;
  height: number;
}

/**
 * The number of columns that makes tiles largest.
 * @param count How many tiles, at least 1.
 * @param aspect Width by height of a tile.
 */
export function bestGrid(
  count: number,
  width: number,
  height: number,
  aspect: number,
  gap: number,
): Grid {
  let best: Grid = { columns: 1, width: 0, height: 0 };
  for (let columns = 1; columns <= count; columns++) {
    const rows = Math.ceil(count / columns);
    const across = (width - gap * (columns - 1)) / columns;
    const down = (height - gap * (rows - 1)) / rows;
    // Rounded down: a fraction too much would wrap the row.
    const w = Math.floor(Math.min(across, down * aspect));
    if (w > best.width) best = { columns, width: w, height: Math.floor(w / aspect) };
  }
  return best;
}
