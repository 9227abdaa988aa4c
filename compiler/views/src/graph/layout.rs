//! A layered layout that tolerates cycles.
//!
//! The steps are those of Sugiyama, Tagawa and Toda (1981): reverse the edges that close a cycle, put every box one layer to the right of its callers, and order layers by the mean position of their neighbours.
//! There are no dummy nodes; instead a layer that is too tall continues in further columns, so that thousands of boxes still make a page and not a strip.
//! All input is indices and whole numbers, so the same boxes are placed the same on any machine.

/// Pixels between columns.
const GAP_X: i64 = 70;
/// Pixels between boxes of a column.
const GAP_Y: i64 = 22;
/// From this many boxes on, a well-shaped page is worth more than a column for each layer.
const MANY: usize = 40;
/// Number of sweeps over all layers; more would change little.
const SWEEPS: usize = 6;

/// Width and height in pixels.
pub(crate) type Size = (i64, i64);

/// Where boxes are put, and how much room they take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Layout {
    /// Left and top of each box.
    pub(crate) places: Vec<(i64, i64)>,
    /// Of all together.
    pub(crate) size: Size,
}

/// The neighbours of each box; self-calls and repeats are left out.
#[derive(Debug)]
struct Neighbours {
    after: Vec<Vec<usize>>,
    before: Vec<Vec<usize>>,
}

impl Neighbours {
    fn new(count: usize, edges: impl Iterator<Item = (usize, usize)>) -> Self {
        let mut all = Self { after: vec![Vec::new(); count], before: vec![Vec::new(); count] };
        let mut edges: Vec<_> = edges.filter(|(a, b)| a != b && *a < count && *b < count).collect();
        edges.sort_unstable();
        edges.dedup();
        for (a, b) in edges {
            if let (Some(after), Some(before)) = (all.after.get_mut(a), all.before.get_mut(b)) {
                after.push(b);
                before.push(a);
            }
        }
        all
    }

    fn of(lists: &[Vec<usize>], node: usize) -> &[usize] {
        lists.get(node).map_or(&[], Vec::as_slice)
    }
}

/// Places boxes so that most edges lead to the right.
pub(crate) fn lay_out(sizes: &[Size], edges: &[(usize, usize)]) -> Layout {
    let graph = Neighbours::new(sizes.len(), edges.iter().copied());
    let graph = break_cycles(&graph, sizes.len());
    let layers = order_layers(&graph, assign_layers(&graph, sizes.len()), sizes.len());
    let layout = stack_columns(sizes, &layers);
    // Many layers of few boxes would make a strip, so here a column may hold several layers.
    if sizes.len() > MANY && layout.size.0 > 3 * layout.size.1 {
        return stack_columns(sizes, &[layers.concat()]);
    }
    layout
}

/// The same graph with some edges reversed so that no cycle is left.
///
/// Only edges inside a strongly connected component are reversed, and of those only the ones that lead back towards the callers.
/// A depth-first search would reverse fewer, but leave one path through all boxes: a strip, not a page.
fn break_cycles(graph: &Neighbours, count: usize) -> Neighbours {
    let component = find_components(graph, count);
    let depth = compute_depths(graph, count);
    let rank = |n: usize| (depth.get(n).copied().unwrap_or_default(), n);
    let edges = (0..count).flat_map(|caller| {
        Neighbours::of(&graph.after, caller).iter().map(move |callee| (caller, *callee))
    });
    let turned = edges.map(|(caller, callee)| {
        let inside = component.get(caller) == component.get(callee);
        if inside && rank(callee) < rank(caller) { (callee, caller) } else { (caller, callee) }
    });
    Neighbours::new(count, turned)
}

/// The number of calls from the nearest box without callers; if all boxes of a component have callers, it begins at its first box.
fn compute_depths(graph: &Neighbours, count: usize) -> Vec<usize> {
    let mut depth = vec![usize::MAX; count];
    let roots = (0..count).filter(|n| Neighbours::of(&graph.before, *n).is_empty());
    let mut starts: Vec<usize> = roots.collect();
    for extra in 0..=count {
        let mut level: Vec<usize> =
            starts.drain(..).filter(|n| depth.get(*n) == Some(&usize::MAX)).collect();
        let mut at = 0;
        while !level.is_empty() {
            let mut next = Vec::new();
            for node in level {
                let Some(place) = depth.get_mut(node).filter(|d| **d == usize::MAX) else {
                    continue;
                };
                *place = at;
                next.extend_from_slice(Neighbours::of(&graph.after, node));
            }
            level = next;
            at += 1;
        }
        starts.push(extra);
    }
    depth
}

/// The strongly connected component of each box, after Kosaraju: boxes in reverse order of finishing a search each collect the boxes that reach them.
fn find_components(graph: &Neighbours, count: usize) -> Vec<usize> {
    let mut left = Vec::with_capacity(count);
    let mut seen = vec![false; count];
    let enter = |seen: &mut [bool], n: usize| {
        seen.get_mut(n).is_some_and(|seen| !std::mem::replace(seen, true))
    };
    for root in 0..count {
        if !enter(&mut seen, root) {
            continue;
        }
        let mut stack = vec![(root, 0)];
        while let Some((node, next)) = stack.pop() {
            let Some(callee) = Neighbours::of(&graph.after, node).get(next).copied() else {
                left.push(node);
                continue;
            };
            stack.push((node, next + 1));
            if enter(&mut seen, callee) {
                stack.push((callee, 0));
            }
        }
    }
    let mut component = vec![usize::MAX; count];
    for root in left.into_iter().rev() {
        let mut stack = vec![root];
        while let Some(node) = stack.pop() {
            if let Some(place) = component.get_mut(node).filter(|c| **c == usize::MAX) {
                *place = root;
                stack.extend_from_slice(Neighbours::of(&graph.before, node));
            }
        }
    }
    component
}

/// Boxes by layer, each one right of everything that calls it; boxes without edges make the last layer.
fn assign_layers(graph: &Neighbours, count: usize) -> Vec<Vec<usize>> {
    let mut waiting: Vec<usize> = graph.before.iter().map(Vec::len).collect();
    let mut layers: Vec<Vec<usize>> = Vec::new();
    let alone = |n: &usize| {
        Neighbours::of(&graph.before, *n).is_empty() && Neighbours::of(&graph.after, *n).is_empty()
    };
    let (lonely, mut ready): (Vec<usize>, Vec<usize>) =
        (0..count).filter(|n| Neighbours::of(&graph.before, *n).is_empty()).partition(|n| alone(n));
    while !ready.is_empty() {
        let mut next = Vec::new();
        for node in &ready {
            for callee in Neighbours::of(&graph.after, *node) {
                if let Some(left) = waiting.get_mut(*callee) {
                    *left -= 1;
                    if *left == 0 {
                        next.push(*callee);
                    }
                }
            }
        }
        next.sort_unstable();
        layers.push(std::mem::replace(&mut ready, next));
    }
    if !lonely.is_empty() {
        layers.push(lonely);
    }
    layers
}

/// Orders every layer by the mean position of its neighbours, sweeping forward and back.
fn order_layers(graph: &Neighbours, mut layers: Vec<Vec<usize>>, count: usize) -> Vec<Vec<usize>> {
    let mut place = vec![0.0_f64; count];
    let settle = |place: &mut [f64], layer: &[usize]| {
        #[expect(clippy::cast_precision_loss, reason = "a layer has far less than 2^52 boxes")]
        let of = |i: usize| (i as f64 + 0.5) / layer.len().max(1) as f64;
        for (i, node) in layer.iter().enumerate() {
            if let Some(place) = place.get_mut(*node) {
                *place = of(i);
            }
        }
    };
    for layer in &layers {
        settle(&mut place, layer);
    }
    for sweep in 0..SWEEPS {
        let forth = sweep % 2 == 0;
        let sides = if forth { &graph.before } else { &graph.after };
        let number = layers.len();
        for i in 0..number {
            let i = if forth { i } else { number - 1 - i };
            let Some(layer) = layers.get_mut(i) else { continue };
            let mean = |node: usize| -> f64 {
                let near = Neighbours::of(sides, node);
                let own = place.get(node).copied().unwrap_or_default();
                let sum: f64 = near.iter().filter_map(|n| place.get(*n)).sum();
                #[expect(clippy::cast_precision_loss, reason = "as above")]
                if near.is_empty() { own } else { sum / near.len() as f64 }
            };
            let mut keyed: Vec<(f64, usize)> = layer.iter().map(|n| (mean(*n), *n)).collect();
            keyed.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            *layer = keyed.into_iter().map(|(_, n)| n).collect();
            settle(&mut place, layer);
        }
    }
    layers
}

/// Splits layers into columns that are not much taller than the page should be.
fn stack_columns(sizes: &[Size], layers: &[Vec<usize>]) -> Layout {
    let size = |node: usize| sizes.get(node).copied().unwrap_or_default();
    let area: i64 = sizes.iter().map(|(w, h)| (w + GAP_X) * (h + GAP_Y)).sum();
    let tallest = sizes.iter().map(|(_, h)| *h).max().unwrap_or_default();
    // A column is as wide as its widest box, so the page gets wider than it is high; the minimum keeps a few boxes together.
    let limit = tallest.max((area * 7 / 8).isqrt()).max(360);
    let mut columns: Vec<Vec<usize>> = Vec::new();
    for layer in layers {
        let mut column = Vec::new();
        let mut height = 0;
        for node in layer {
            let needed = size(*node).1 + GAP_Y;
            if height + needed > limit + GAP_Y && !column.is_empty() {
                columns.push(std::mem::take(&mut column));
                height = 0;
            }
            height += needed;
            column.push(*node);
        }
        columns.push(column);
    }
    let height = |column: &[usize]| -> i64 {
        column.iter().map(|n| size(*n).1 + GAP_Y).sum::<i64>() - GAP_Y
    };
    let page = columns.iter().map(|c| height(c)).max().unwrap_or_default().max(0);
    let mut places = vec![(0, 0); sizes.len()];
    let mut x = 0;
    for column in &columns {
        let width = column.iter().map(|n| size(*n).0).max().unwrap_or_default();
        let mut y = (page - height(column)) / 2;
        for node in column {
            let (w, h) = size(*node);
            if let Some(place) = places.get_mut(*node) {
                *place = (x + (width - w) / 2, y);
            }
            y += h + GAP_Y;
        }
        x += width + GAP_X;
    }
    Layout { places, size: ((x - GAP_X).max(0), page) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn overlap(layout: &Layout, sizes: &[Size]) -> bool {
        let boxes: Vec<_> = layout.places.iter().zip(sizes).collect();
        boxes.iter().enumerate().any(|(i, ((ax, ay), (aw, ah)))| {
            boxes.iter().skip(i + 1).any(|((bx, by), (bw, bh))| {
                ax < &(bx + bw) && bx < &(ax + aw) && ay < &(by + bh) && by < &(ay + ah)
            })
        })
    }

    #[test]
    fn callers_are_left_of_callees_and_a_cycle_does_no_harm() {
        let sizes = [(100, 34); 5];
        let layout = lay_out(&sizes, &[(0, 1), (1, 2), (2, 1), (2, 3), (1, 1)]);
        let x: Vec<i64> = layout.places.iter().map(|p| p.0).collect();
        assert!(x[0] < x[1] && x[1] < x[2] && x[2] < x[3], "{x:?}");
        // A ring without callers outside has one column for each box.
        let ring: Vec<(usize, usize)> = (0..5).map(|i| (i, (i + 1) % 5)).collect();
        let places = lay_out(&sizes, &ring).places;
        assert!(places.windows(2).all(|p| p[0].0 < p[1].0), "{places:?}");
        // What has no edges comes last.
        assert!(x[4] > x[3], "{x:?}");
        assert!(!overlap(&layout, &sizes));
        assert_eq!(lay_out(&[], &[]).size, (0, 0));
    }

    #[test]
    fn three_thousand_boxes_make_a_page_and_always_the_same() {
        let sizes: Vec<Size> =
            (0..3000_i64).map(|i| (90 + i % 97, if i % 11 == 0 { 120 } else { 34 })).collect();
        let edges: Vec<(usize, usize)> =
            (0..3000).flat_map(|i| [(i, 2 * i + 1), (i, 2 * i + 2), (i, i * 7 % 3000)]).collect();
        let layout = lay_out(&sizes, &edges);
        let (w, h) = layout.size;
        assert!(w < 3 * h && h < 2 * w, "{w} × {h}");
        assert!(!overlap(&layout, &sizes));
        let mut shuffled = edges.clone();
        shuffled.reverse();
        assert_eq!(lay_out(&sizes, &shuffled), layout);
    }
}
