//! A ticket as a QR code, drawn with the characters of a terminal.

use qrcodegen::{QrCode, QrCodeEcc};

use super::{Ticket, TicketError};

/// The light border that a scanner needs, in modules.
const BORDER: i32 = 4;

/// The QR code of a ticket as lines of text: two rows of modules for each line. Light modules are drawn, because a terminal is
/// usually dark.
///
/// # Errors
/// [`TicketError`] when the text is not a ticket.
pub fn qr(text: &str) -> Result<String, TicketError> {
    text.parse::<Ticket>()?;
    // A ticket is shorter than the largest code.
    let code = QrCode::encode_text(text, QrCodeEcc::Low).map_err(|_| TicketError::TooLong)?;
    let range = -BORDER..code.size() + BORDER;
    let light = |x, y| !code.get_module(x, y);
    let mut lines = String::new();
    for y in range.clone().step_by(2) {
        // The size of a code is odd: the last row has none below it.
        let below = y + 1 < range.end;
        lines.extend(range.clone().map(|x| match (light(x, y), below && light(x, y + 1)) {
            (true, true) => '█',
            (true, false) => '▀',
            (false, true) => '▄',
            (false, false) => ' ',
        }));
        lines.push('\n');
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The modules of the drawing.
    fn modules(drawing: &str) -> Vec<Vec<bool>> {
        let rows = drawing.lines().flat_map(|line| {
            let row = |lights: [char; 2]| line.chars().map(|c| !lights.contains(&c)).collect();
            [row(['█', '▀']), row(['█', '▄'])]
        });
        rows.collect()
    }

    #[test]
    fn the_drawing_has_the_modules_of_the_code_and_a_light_border() {
        let ticket = Ticket::with_addresses([7; 32], &["127.0.0.1:4433".parse().unwrap()]);
        let text = ticket.to_text().unwrap();
        let drawn = modules(&qr(&text).unwrap());
        let code = QrCode::encode_text(&text, QrCodeEcc::Low).unwrap();
        let at = |x: i32, y: i32| drawn[(y + BORDER) as usize][(x + BORDER) as usize];
        for y in 0..code.size() {
            for x in 0..code.size() {
                assert_eq!(at(x, y), code.get_module(x, y), "{x} {y}");
            }
        }
        for way in -BORDER..code.size() + BORDER {
            assert!(!at(way, -1) && !at(-1, way) && !at(way, code.size()) && !at(code.size(), way));
        }
    }

    #[test]
    fn the_largest_ticket_has_a_code_and_other_texts_have_none() {
        let addresses = ["[2001:db8::1]:1".parse().unwrap(); 12];
        assert!(qr(&Ticket::with_addresses([9; 32], &addresses).to_text().unwrap()).is_ok());
        assert_eq!(qr("hello"), Err(TicketError::Prefix));
    }
}
