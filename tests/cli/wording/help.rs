//! `--help` of every command.

use runner_tests::runner;

/// The commands that a help lists, without `help` itself.
fn commands(help: &str) -> Vec<String> {
    let list = help.split_once("\nCommands:\n").map_or("", |(_, list)| list);
    let lines = list.lines().take_while(|line| !line.is_empty());
    let names = lines.filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    names.filter(|name| !["", "help"].contains(name)).map(str::to_owned).collect()
}

/// Looks at the help of a command, and of all commands below it.
fn look(path: &[String]) -> usize {
    let args = path.iter().map(String::as_str).chain(["--help"]);
    let help = runner(args).ok().text();
    super::is(&[&["help".to_owned()], path].concat().join("-"), &help);
    let below = commands(&help);
    1 + below.into_iter().map(|name| look(&[path, &[name]].concat())).sum::<usize>()
}

#[test]
fn help_of_every_command() {
    let looked_at = look(&[]);
    assert!(looked_at > 12, "{looked_at} commands");
}
