"""The rules that Docker, ufw and firewalld load into nftables, with what a person adds for pods in its place. Written after what
iptables-nft and firewalld make; where iptables has a match of its own, nft's like stands for it."""


def docker(remedy=""):
    return f"""
table ip filter {{
  chain DOCKER {{ iifname != "docker0" oifname "docker0" drop; }}
  chain DOCKER-CT {{ oifname "docker0" ct state related,established accept; }}
  chain DOCKER-BRIDGE {{ oifname "docker0" jump DOCKER; }}
  chain DOCKER-ISOLATION-STAGE-2 {{ oifname "docker0" drop; }}
  chain DOCKER-ISOLATION-STAGE-1 {{ iifname "docker0" oifname != "docker0" jump DOCKER-ISOLATION-STAGE-2; }}
  chain DOCKER-FORWARD {{ jump DOCKER-CT; jump DOCKER-ISOLATION-STAGE-1; jump DOCKER-BRIDGE; iifname "docker0" accept; }}
  chain DOCKER-USER {{ {remedy} return; }}
  chain FORWARD {{ type filter hook forward priority filter; policy drop; jump DOCKER-USER; jump DOCKER-FORWARD; }}
}}
table ip nat {{
  chain DOCKER {{ iifname "docker0" return; }}
  chain PREROUTING {{ type nat hook prerouting priority dstnat; policy accept; fib daddr type local jump DOCKER; }}
  chain OUTPUT {{ type nat hook output priority -100; policy accept; ip daddr != 127.0.0.0/8 fib daddr type local jump DOCKER; }}
  chain POSTROUTING {{ type nat hook postrouting priority srcnat; policy accept; ip saddr 172.17.0.0/16 oifname != "docker0" masquerade; }}
}}
"""


# iptables -I DOCKER-USER -s 10.42.0.0/16 -j ACCEPT, and -d
DOCKER_REMEDY = "ip daddr 10.42.0.0/16 counter accept; ip saddr 10.42.0.0/16 counter accept;"


def ufw(route="", incoming=""):
    return f"""
table ip filter {{
  chain ufw-user-forward {{ {route} }}
  chain ufw-user-input {{ tcp dport 22 counter accept; {incoming} }}
  chain ufw-skip-to-policy-input {{ counter drop; }}
  chain ufw-not-local {{ fib daddr type local counter return; fib daddr type multicast counter return; fib daddr type broadcast counter return; counter drop; }}
  chain ufw-before-forward {{ ct state related,established counter accept; icmp type echo-request counter accept; jump ufw-user-forward; }}
  chain ufw-before-input {{ iifname "lo" counter accept; ct state related,established counter accept; ct state invalid counter drop;
    icmp type echo-request counter accept; udp sport 67 udp dport 68 counter accept; jump ufw-not-local; jump ufw-user-input; }}
  chain ufw-after-input {{ udp dport 137 jump ufw-skip-to-policy-input; fib daddr type broadcast jump ufw-skip-to-policy-input; }}
  chain INPUT {{ type filter hook input priority filter; policy drop; jump ufw-before-input; jump ufw-after-input; }}
  chain FORWARD {{ type filter hook forward priority filter; policy drop; jump ufw-before-forward; }}
  chain OUTPUT {{ type filter hook output priority filter; policy accept; }}
}}
"""


UFW_ROUTE = "ip saddr 10.42.0.0/16 counter accept; ip daddr 10.42.0.0/16 counter accept;"  # ufw route allow from, and to
UFW_INPUT = "ip saddr 10.42.0.0/16 counter accept;"  # ufw allow from


def firewalld(forward="", incoming=""):
    return f"""
table inet firewalld {{
  chain filter_IN_public {{ tcp dport 22 accept; meta l4proto {{ icmp, ipv6-icmp }} accept; reject with icmpx admin-prohibited; }}
  chain filter_FWD_public {{ meta l4proto {{ icmp, ipv6-icmp }} accept; reject with icmpx admin-prohibited; }}
  chain filter_IN_trusted {{ accept; }}
  chain filter_FWD_trusted {{ accept; }}
  chain filter_INPUT_ZONES {{ {incoming} iifname "eth0" goto filter_IN_public; goto filter_IN_public; }}
  chain filter_FORWARD_ZONES {{ {forward} iifname "eth0" goto filter_FWD_public; goto filter_FWD_public; }}
  chain filter_INPUT {{ type filter hook input priority filter + 10; policy accept;
    ct state {{ established, related }} accept; ct status dnat accept; iifname "lo" accept; ct state invalid drop;
    jump filter_INPUT_ZONES; reject with icmpx admin-prohibited; }}
  chain filter_FORWARD {{ type filter hook forward priority filter + 10; policy accept;
    ct state {{ established, related }} accept; ct status dnat accept; iifname "lo" accept; ct state invalid drop;
    ip6 daddr {{ ::/96, 2002::/24 }} reject with icmpv6 addr-unreachable;
    jump filter_FORWARD_ZONES; reject with icmpx admin-prohibited; }}
}}
"""


# firewall-cmd --zone=trusted --add-source=10.42.0.0/16
FIREWALLD_FORWARD = "ip saddr 10.42.0.0/16 goto filter_FWD_trusted;"
FIREWALLD_INPUT = "ip saddr 10.42.0.0/16 goto filter_IN_trusted;"
