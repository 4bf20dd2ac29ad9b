//! Columns of text.

/// Rows with their columns as wide as the longest cell; the last one is as it is. Numbers (`right`) stand at the right.
pub(crate) fn aligned(rows: &[Vec<String>], right: &[usize]) -> Vec<String> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    rows.iter()
        .map(|row| {
            let mut line = String::new();
            for (column, cell) in row.iter().enumerate() {
                let pad = " ".repeat(widths[column] - cell.chars().count());
                let last = column + 1 == row.len();
                match (right.contains(&column), last) {
                    (true, _) => line.extend([pad.as_str(), cell]),
                    (false, true) => line.push_str(cell),
                    (false, false) => line.extend([cell.as_str(), &pad]),
                }
                if !last {
                    line.push_str("  ");
                }
            }
            line
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::aligned;

    #[test]
    fn columns_line_up() {
        let rows = [["NAME", "N", "X"], ["ä", "10", "long"]].map(|row| row.map(str::to_string).to_vec());
        assert_eq!(aligned(&rows, &[1]), ["NAME   N  X", "ä     10  long"]);
        assert!(aligned(&[], &[]).is_empty());
    }
}
