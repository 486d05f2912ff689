"""Make the synthetic timetable of the Yangtze River Delta that comes with Headwater.

Run ``python tools/rail.py``: it writes ``src/headwater/regions/yrd/rail``. There is no chance in it: the same script
writes the same files. Nothing is taken from a real timetable. Lines, their order of stations and their opening dates are
public; the running minutes are laid so that the fastest trains meet the published fastest times of ``facts.csv``;
headways follow the weight of each line.
"""

# ruff: noqa: E501 (rows of a table read better on one line)

from __future__ import annotations

import csv
import heapq
import itertools
import json
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent / "src" / "headwater" / "regions" / "yrd" / "rail"

# A stop on the way costs braking and starting; standing comes on top.
START_AND_BRAKE_MIN = 3
DWELL_MIN = 2
FIRST_MIN, LAST_MIN = 6 * 60, 22 * 60 + 30
LAST_ARRIVAL_MIN = 24 * 60 + 20

# Stations that serve the city itself. Those of its counties belong to no city: Kunshan is not how far Suzhou is.
OF_THE_CITY = {
    "Shanghai Hongqiao",
    "Shanghai",
    "Shanghai Songjiang",
    "Nanjing South",
    "Nanjing",
    "Jiangning",
    "Wuxi",
    "Wuxi East",
    "Xuzhou East",
    "Changzhou",
    "Changzhou North",
    "Wujin",
    "Suzhou",
    "Suzhou North",
    "Nantong",
    "Nantong West",
    "Lianyungang",
    "Huai'an East",
    "Yancheng",
    "Yangzhou East",
    "Yangzhou",
    "Zhenjiang",
    "Zhenjiang South",
    "Taizhou (Jiangsu)",
    "Suqian",
    "Hangzhou East",
    "Hangzhou West",
    "Hangzhou South",
    "Ningbo",
    "Wenzhou South",
    "Wenzhou North",
    "Jiaxing South",
    "Huzhou",
    "Shaoxing North",
    "Jinhua",
    "Quzhou",
    "Zhoushan Dinghai coach station",
    "Taizhou (Zhejiang)",
    "Taizhou West",
    "Lishui",
    "Hefei South",
    "Wuhu",
    "Bengbu South",
    "Huainan South",
    "Huainan East",
    "Ma'anshan East",
    "Huaibei",
    "Tongling",
    "Tongling North",
    "Anqing",
    "Anqing West",
    "Huangshan North",
    "Chuzhou",
    "Fuyang West",
    "Suzhou East (Anhui)",
    "Lu'an",
    "Bozhou South",
    "Chizhou",
    "Xuancheng",
}

# city, city_zh: stations as "English|Chinese|lat|lon", places to about three kilometres.
CITIES: dict[str, tuple[str, list[str]]] = {
    "Shanghai": ("上海", [
        "Shanghai Hongqiao|上海虹桥|31.194|121.320", "Shanghai|上海|31.250|121.455",
        "Shanghai Songjiang|上海松江|30.985|121.230", "Jinshan North|金山北|30.876|121.075",
        "Liantang|练塘|31.010|121.050",
    ]),
    "Nanjing": ("南京", ["Nanjing South|南京南|31.968|118.798", "Nanjing|南京|32.087|118.797", "Jiangning|江宁|31.900|118.870"]),
    "Wuxi": ("无锡", [
        "Wuxi|无锡|31.586|120.306", "Wuxi East|无锡东|31.596|120.456", "Yixing|宜兴|31.345|119.795",
        "Jiangyin|江阴|31.845|120.290",
    ]),
    "Xuzhou": ("徐州", [
        "Xuzhou East|徐州东|34.213|117.305", "Suining|睢宁|33.925|117.945", "Pizhou East|邳州东|34.305|118.060",
        "Xinyi South|新沂南|34.290|118.340",
    ]),
    "Changzhou": ("常州", [
        "Changzhou|常州|31.781|119.970", "Changzhou North|常州北|31.870|119.970", "Liyang|溧阳|31.400|119.480",
        "Jintan|金坛|31.760|119.580", "Wujin|武进|31.720|119.950",
    ]),
    "Suzhou": ("苏州", [
        "Suzhou|苏州|31.330|120.606", "Suzhou North|苏州北|31.424|120.640", "Kunshan South|昆山南|31.358|120.957",
        "Suzhou South|苏州南|31.030|120.880", "Shengze|盛泽|30.900|120.660", "Taicang|太仓|31.490|121.110",
        "Changshu|常熟|31.700|120.760", "Zhangjiagang|张家港|31.830|120.590",
    ]),
    "Nantong": ("南通", [
        "Nantong|南通|32.075|120.850", "Nantong West|南通西|32.115|120.700", "Rugao West|如皋西|32.360|120.500",
        "Rugao|如皋|32.385|120.560", "Hai'an|海安|32.550|120.440",
    ]),
    "Lianyungang": ("连云港", [
        "Lianyungang|连云港|34.600|119.165", "Guanyun|灌云|34.330|119.220", "Guannan|灌南|34.090|119.330",
        "Donghai County|东海县|34.545|118.760",
    ]),
    "Huai'an": ("淮安", ["Huai'an East|淮安东|33.555|119.140", "Lianshui|涟水|33.790|119.230"]),
    "Yancheng": ("盐城", [
        "Yancheng|盐城|33.385|120.110", "Dafeng|大丰|33.200|120.400", "Dongtai|东台|32.850|120.330",
        "Jianhu|建湖|33.470|119.800", "Funing South|阜宁南|33.720|119.800", "Sheyang|射阳|33.800|120.200",
        "Binhai Port|滨海港|34.000|119.850", "Xiangshui County|响水县|34.200|119.600",
    ]),
    "Yangzhou": ("扬州", [
        "Yangzhou East|扬州东|32.440|119.530", "Yangzhou|扬州|32.395|119.355", "Jiangdu|江都|32.450|119.570",
        "Gaoyou|高邮|32.800|119.490", "Baoying|宝应|33.230|119.370",
    ]),
    "Zhenjiang": ("镇江", [
        "Zhenjiang|镇江|32.196|119.437", "Zhenjiang South|镇江南|32.140|119.400", "Danyang|丹阳|32.000|119.600",
        "Danyang North|丹阳北|32.050|119.600", "Dantu|丹徒|32.130|119.530", "Dagang South|大港南|32.180|119.680",
        "Jurong|句容|31.940|119.170", "Jurong West|句容西|31.820|119.060",
    ]),
    "Taizhou (Jiangsu)": ("泰州", ["Taizhou (Jiangsu)|泰州|32.510|119.890", "Jiangyan|姜堰|32.520|120.140"]),
    "Suqian": ("宿迁", ["Suqian|宿迁|33.910|118.310", "Yanghe|洋河|33.780|118.400", "Siyang|泗阳|33.720|118.680"]),
    "Hangzhou": ("杭州", [
        "Hangzhou East|杭州东|30.291|120.213", "Hangzhou West|杭州西|30.295|119.975", "Hangzhou South|杭州南|30.175|120.295",
        "Linping South|临平南|30.400|120.300", "Fuyang|富阳|30.020|119.990", "Fuyang West (Hangzhou)|富阳西|30.080|119.870",
        "Tonglu|桐庐|29.800|119.710", "Tonglu East|桐庐东|29.800|119.770", "Jiande|建德|29.570|119.420",
        "Qiandaohu|千岛湖|29.650|119.080",
    ]),
    "Ningbo": ("宁波", [
        "Ningbo|宁波|29.862|121.532", "Yuyao North|余姚北|30.100|121.160", "Fenghua|奉化|29.680|121.380",
        "Ninghai|宁海|29.300|121.430",
    ]),
    "Wenzhou": ("温州", [
        "Wenzhou South|温州南|27.970|120.585", "Wenzhou North|温州北|28.130|120.680", "Yueqing|乐清|28.110|120.930",
        "Yandangshan|雁荡山|28.350|121.080", "Nanxijiang|楠溪江|28.280|120.650",
    ]),
    "Jiaxing": ("嘉兴", [
        "Jiaxing South|嘉兴南|30.700|120.810", "Jiashan South|嘉善南|30.810|120.930", "Tongxiang|桐乡|30.570|120.530",
        "Haining West|海宁西|30.470|120.420",
    ]),
    "Huzhou": ("湖州", [
        "Huzhou|湖州|30.870|120.020", "Deqing|德清|30.550|120.030", "Changxing|长兴|31.000|119.880",
        "Anji|安吉|30.830|119.570", "Nanxun|南浔|30.870|120.430",
    ]),
    "Shaoxing": ("绍兴", [
        "Shaoxing North|绍兴北|30.085|120.545", "Shaoxing East|绍兴东|30.080|120.780", "Zhuji|诸暨|29.700|120.190",
        "Shengzhou-Xinchang|嵊州新昌|29.560|120.850",
    ]),
    "Jinhua": ("金华", [
        "Jinhua|金华|29.110|119.635", "Yiwu|义乌|29.375|120.030", "Pujiang|浦江|29.470|119.900",
        "Hengdian|横店|29.150|120.300", "Pan'an|磐安|29.050|120.420", "Wuyi North|武义北|28.930|119.810",
        "Yongkang South|永康南|28.860|120.000",
    ]),
    "Quzhou": ("衢州", [
        "Quzhou|衢州|28.980|118.890", "Longyou|龙游|29.010|119.180", "Jiangshan|江山|28.740|118.600",
        "Changshan|常山|28.910|118.510", "Kaihua|开化|29.120|118.420",
    ]),
    "Zhoushan": ("舟山", ["Zhoushan Dinghai coach station|舟山定海客运中心|30.020|122.110"]),
    "Taizhou (Zhejiang)": ("台州", [
        "Taizhou (Zhejiang)|台州|28.640|121.420", "Taizhou West|台州西|28.650|121.260", "Linhai|临海|28.850|121.170",
        "Wenling|温岭|28.420|121.290", "Sanmen County|三门县|29.080|121.390", "Tiantaishan|天台山|29.130|121.050",
        "Xianju|仙居|28.860|120.740",
    ]),
    "Lishui": ("丽水", [
        "Lishui|丽水|28.460|119.930", "Jinyun West|缙云西|28.670|120.050", "Qingtian|青田|28.150|120.280",
        "Suichang|遂昌|28.590|119.270", "Songyang|松阳|28.450|119.480", "Longquan|龙泉市|28.080|119.140",
        "Qingyuan|庆元|27.620|119.060",
    ]),
    "Hefei": ("合肥", [
        "Hefei South|合肥南|31.800|117.290", "Hefei North City|合肥北城|32.010|117.250", "Chaohu East|巢湖东|31.640|117.920",
        "Lujiang West|庐江西|31.270|117.150",
    ]),
    "Wuhu": ("芜湖", [
        "Wuhu|芜湖|31.350|118.390", "Fanchang West|繁昌西|31.090|118.150", "Wanzhi South|湾沚南|31.120|118.580",
        "Nanling|南陵|30.920|118.230", "Wuwei|无为|31.300|117.830",
    ]),
    "Bengbu": ("蚌埠", ["Bengbu South|蚌埠南|32.885|117.440"]),
    "Huainan": ("淮南", [
        "Huainan South|淮南南|32.530|116.990", "Huainan East|淮南东|32.590|117.110", "Shouxian|寿县|32.530|116.760",
        "Fengtai South|凤台南|32.640|116.650",
    ]),
    "Ma'anshan": ("马鞍山", [
        "Ma'anshan East|马鞍山东|31.690|118.560", "Dangtu East|当涂东|31.560|118.530", "Hanshan South|含山南|31.600|118.110",
    ]),
    "Huaibei": ("淮北", ["Huaibei|淮北|33.970|116.800"]),
    "Tongling": ("铜陵", ["Tongling|铜陵|30.910|117.850", "Tongling North|铜陵北|31.120|117.720"]),
    "Anqing": ("安庆", [
        "Anqing|安庆|30.540|117.070", "Anqing West|安庆西|30.560|116.930", "Tongcheng East|桐城东|31.020|116.990",
    ]),
    "Huangshan": ("黄山", [
        "Huangshan North|黄山北|29.790|118.280", "Huangshan West|黄山西|30.270|118.010", "Yixian East|黟县东|29.920|118.000",
        "Shexian North|歙县北|29.880|118.430", "Qimen South|祁门南|29.830|117.730",
    ]),
    "Chuzhou": ("滁州", ["Chuzhou|滁州|32.270|118.330", "Dingyuan|定远|32.520|117.720", "Quanjiao|全椒|32.080|118.260"]),
    "Fuyang": ("阜阳", [
        "Fuyang West|阜阳西|32.930|115.740", "Jieshou South|界首南|33.210|115.380", "Taihe East|太和东|33.180|115.680",
        "Yingshang North|颍上北|32.720|116.200",
    ]),
    "Suzhou (Anhui)": ("宿州", [
        "Suzhou East (Anhui)|宿州东|33.690|117.150", "Xiaoxian North|萧县北|34.180|116.960", "Dangshan South|砀山南|34.380|116.380",
    ]),
    "Lu'an": ("六安", ["Lu'an|六安|31.780|116.520", "Jinzhai|金寨|31.700|115.930", "Shucheng East|舒城东|31.460|117.040"]),
    "Bozhou": ("亳州", ["Bozhou South|亳州南|33.770|115.740"]),
    "Chizhou": ("池州", ["Chizhou|池州|30.640|117.500", "Jiuhuashan|九华山|30.500|117.780"]),
    "Xuancheng": ("宣城", [
        "Xuancheng|宣城|30.930|118.760", "Langxi South|郎溪南|30.960|119.130", "Guangde South|广德南|30.860|119.420",
        "Jingxian|泾县|30.700|118.410", "Jingde|旌德|30.290|118.540", "Jixi North|绩溪北|30.080|118.580",
    ]),
}  # fmt: skip

# code: (Chinese, English, opened, top km/h, [(station, minutes from the first at line speed without stops)])
LINES: dict[str, tuple[str, str, str, int, str]] = {
    "jinghu": ("京沪高速铁路", "Beijing-Shanghai high-speed railway", "2011-06-30", 350,
        ("Xuzhou East 0, Suzhou East (Anhui) 14, Bengbu South 29, Dingyuan 39, Chuzhou 51, Nanjing South 62,"
        " Zhenjiang South 75, Danyang North 80, Changzhou North 86, Wuxi East 97, Suzhou North 102, Kunshan South 108,"
        " Shanghai Hongqiao 116")),
    "huning": ("沪宁城际铁路", "Shanghai-Nanjing intercity railway", "2010-07-01", 350,
        "Nanjing 0, Zhenjiang 16, Dantu 19, Danyang 24, Changzhou 33, Wuxi 42, Suzhou 51, Kunshan South 59, Shanghai 71"),
    "yanjiang": ("沪宁沿江高速铁路", "Shanghai-Nanjing high-speed railway along the Yangtze", "2023-09-28", 350,
        ("Nanjing South 0, Jurong 12, Jintan 22, Wujin 34, Jiangyin 43, Zhangjiagang 51, Changshu 58, Taicang 66,"
        " Shanghai Hongqiao 80")),
    "huhang": ("沪杭高速铁路", "Shanghai-Hangzhou high-speed railway", "2010-10-26", 350,
        ("Shanghai Hongqiao 0, Shanghai Songjiang 7, Jinshan North 12, Jiashan South 17, Jiaxing South 22, Tongxiang 28,"
        " Haining West 33, Linping South 37, Hangzhou East 42")),
    "ninghang": ("宁杭高速铁路", "Nanjing-Hangzhou high-speed railway", "2013-07-01", 350,
        ("Nanjing South 0, Jiangning 4, Jurong West 9, Liyang 24, Yixing 31, Changxing 38, Huzhou 43, Deqing 51,"
        " Hangzhou East 61")),
    "hangyong": ("杭甬高速铁路", "Hangzhou-Ningbo high-speed railway", "2013-07-01", 350,
        "Hangzhou East 0, Hangzhou South 7, Shaoxing North 14, Shaoxing East 21, Yuyao North 30, Ningbo 43"),
    "yongtaiwen": ("甬台温铁路", "Ningbo-Taizhou-Wenzhou railway", "2009-09-28", 250,
        ("Ningbo 0, Fenghua 12, Ninghai 24, Sanmen County 34, Linhai 47, Taizhou West 56, Wenling 65, Yandangshan 75,"
        " Yueqing 86, Wenzhou South 100")),
    "hangtai": ("杭台高速铁路", "Hangzhou-Taizhou high-speed railway", "2022-01-08", 350,
        ("Hangzhou East 0, Shaoxing North 14, Shengzhou-Xinchang 29, Tiantaishan 40, Linhai 50, Taizhou (Zhejiang) 58,"
        " Wenling 64")),
    "husuhu": ("沪苏湖高速铁路", "Shanghai-Suzhou-Huzhou high-speed railway", "2024-12-26", 350,
        "Shanghai Hongqiao 0, Shanghai Songjiang 8, Liantang 15, Suzhou South 24, Shengze 31, Nanxun 40, Huzhou 52"),
    "huhangxi": ("湖杭高速铁路", "Huzhou-Hangzhou West-Tonglu high-speed railway", "2022-09-22", 350,
        "Huzhou 0, Deqing 7, Hangzhou West 18, Fuyang West (Hangzhou) 25, Tonglu East 33"),
    "hangwen": ("杭温高速铁路", "Hangzhou-Wenzhou high-speed railway", "2024-09-06", 350,
        ("Tonglu East 0, Pujiang 9, Yiwu 18, Hengdian 26, Pan'an 34, Xianju 42, Nanxijiang 52, Wenzhou North 60,"
        " Wenzhou South 66")),
    "hanghuang": ("杭黄高速铁路", "Hangzhou-Huangshan high-speed railway", "2018-12-25", 250,
        ("Hangzhou East 0, Hangzhou South 7, Fuyang 16, Tonglu 26, Jiande 37, Qiandaohu 46, Jixi North 66,"
        " Shexian North 72, Huangshan North 78")),
    "hukun": ("沪昆高速铁路杭长段", "Shanghai-Kunming high-speed railway, Hangzhou-Changsha section", "2014-12-10", 350,
        "Hangzhou East 0, Hangzhou South 7, Zhuji 19, Yiwu 29, Jinhua 40, Longyou 49, Quzhou 57, Jiangshan 65"),
    "jinliwen": ("金丽温铁路", "Jinhua-Lishui-Wenzhou railway", "2015-12-26", 200,
        "Jinhua 0, Wuyi North 13, Yongkang South 23, Jinyun West 35, Lishui 50, Qingtian 68, Wenzhou South 88"),
    "quning": ("衢宁铁路", "Quzhou-Ningde railway", "2020-09-27", 160,
        "Quzhou 0, Suichang 40, Songyang 52, Longquan 76, Qingyuan 98"),
    "jiujingqu": ("九景衢铁路", "Jiujiang-Jingdezhen-Quzhou railway", "2017-12-28", 200, "Quzhou 0, Changshan 12, Kaihua 30"),
    "hening": ("合宁铁路", "Hefei-Nanjing railway", "2008-04-18", 250, "Hefei South 0, Quanjiao 31, Nanjing South 49"),
    "hewu": ("合武铁路", "Hefei-Wuhan railway", "2009-04-01", 250, "Hefei South 0, Lu'an 23, Jinzhai 43"),
    "hebeng": ("合蚌高速铁路", "Hefei-Bengbu high-speed railway", "2012-10-16", 350,
        "Bengbu South 0, Huainan East 14, Hefei North City 29, Hefei South 38"),
    "hefu": ("合福高速铁路", "Hefei-Fuzhou high-speed railway", "2015-06-28", 350,
        ("Hefei South 0, Chaohu East 16, Wuwei 25, Tongling North 36, Nanling 43, Jingxian 51, Jingde 59, Jixi North 67,"
        " Shexian North 73, Huangshan North 79")),
    "hean": ("合安高速铁路", "Hefei-Anqing high-speed railway", "2020-12-22", 350,
        "Hefei South 0, Shucheng East 14, Lujiang West 21, Tongcheng East 29, Anqing West 41"),
    "shanghehang-north": ("商合杭高速铁路商丘至合肥段", "Shangqiu-Hefei-Hangzhou high-speed railway, northern section",
        "2019-12-01", 350,
        ("Bozhou South 0, Taihe East 16, Fuyang West 28, Yingshang North 37, Fengtai South 48, Shouxian 54,"
        " Huainan South 60, Hefei North City 78, Hefei South 87")),
    "shanghehang-south": ("商合杭高速铁路合肥至湖州段", "Shangqiu-Hefei-Hangzhou high-speed railway, southern section",
        "2020-06-28", 350,
        ("Hefei South 0, Chaohu East 16, Hanshan South 26, Wuhu 43, Wanzhi South 48, Xuancheng 56, Langxi South 62,"
        " Guangde South 68, Anji 75, Huzhou 83")),
    "zhengfu": ("郑阜高速铁路", "Zhengzhou-Fuyang high-speed railway", "2019-12-01", 350, "Fuyang West 0, Jieshou South 12"),
    "ningan": ("宁安城际铁路", "Nanjing-Anqing intercity railway", "2015-12-06", 250,
        "Nanjing South 0, Ma'anshan East 16, Dangtu East 22, Wuhu 34, Fanchang West 45, Tongling 60, Chizhou 76, Anqing 93"),
    "chihuang": ("池黄高速铁路", "Chizhou-Huangshan high-speed railway", "2024-04-26", 350,
        "Chizhou 0, Jiuhuashan 9, Huangshan West 20, Yixian East 27, Huangshan North 34"),
    "changjinghuang": ("昌景黄高速铁路", "Nanchang-Jingdezhen-Huangshan high-speed railway", "2023-12-27", 350,
        "Huangshan North 0, Yixian East 7, Qimen South 18"),
    "zhengxu": ("郑徐高速铁路", "Zhengzhou-Xuzhou high-speed railway", "2016-09-10", 350,
        "Xuzhou East 0, Xiaoxian North 11, Dangshan South 25"),
    "huaibei": ("淮北至萧县北铁路", "Huaibei-Xiaoxian North railway", "2017-12-28", 250, "Xiaoxian North 0, Huaibei 13"),
    "lianxu": ("徐连高速铁路", "Xuzhou-Lianyungang high-speed railway", "2021-02-08", 350,
        "Xuzhou East 0, Pizhou East 15, Xinyi South 26, Donghai County 37, Lianyungang 46"),
    "xuyan": ("徐盐高速铁路", "Xuzhou-Yancheng high-speed railway", "2019-12-16", 250,
        "Xuzhou East 0, Suining 24, Suqian 34, Yanghe 42, Siyang 49, Huai'an East 68, Funing South 85, Jianhu 94, Yancheng 107"),
    "lianzhen": ("连镇高速铁路", "Lianyungang-Zhenjiang high-speed railway", "2020-12-11", 250,
        ("Lianyungang 0, Guanyun 14, Guannan 22, Lianshui 34, Huai'an East 44, Baoying 57, Gaoyou 72, Yangzhou East 86,"
        " Dagang South 94, Dantu 101")),
    "qingyan": ("青盐铁路", "Qingdao-Yancheng railway", "2018-12-26", 200,
        "Lianyungang 0, Xiangshui County 28, Binhai Port 42, Sheyang 56, Yancheng 75"),
    "hutong": ("沪苏通铁路", "Shanghai-Suzhou-Nantong railway", "2020-07-01", 200,
        "Shanghai Hongqiao 0, Taicang 19, Changshu 32, Zhangjiagang 42, Nantong West 55, Nantong 62"),
    "yantong": ("盐通高速铁路", "Yancheng-Nantong high-speed railway", "2020-12-30", 350,
        "Nantong West 0, Rugao West 10, Hai'an 18, Dongtai 26, Dafeng 37, Yancheng 46"),
    "ningqi": ("宁启铁路", "Nanjing-Qidong railway", "2016-05-15", 200,
        "Nanjing 0, Yangzhou 42, Jiangdu 52, Taizhou (Jiangsu) 64, Jiangyan 73, Hai'an 88, Rugao 98, Nantong 112"),
    "coach": ("甬舟长途客车（甬舟铁路未开通）", "coach Ningbo-Zhoushan (its railway is not open)", "", 100,
        "Ningbo 0, Zhoushan Dinghai coach station 82"),
}  # fmt: skip

# kind, lines, stops (":6" stands six minutes), minutes between trains; each runs in both directions.
SERVICES: list[tuple[str, str, str, int]] = [
    ("G", "jinghu", "Xuzhou East, Bengbu South, Nanjing South, Suzhou North, Shanghai Hongqiao", 120),
    ("G", "jinghu", ("Xuzhou East, Suzhou East (Anhui), Bengbu South, Dingyuan, Chuzhou, Nanjing South, Zhenjiang South,"
     " Danyang North, Changzhou North, Wuxi East, Suzhou North, Kunshan South, Shanghai Hongqiao"), 120),
    ("G", "jinghu", "Nanjing South, Shanghai Hongqiao", 180),
    ("G", "huaibei zhengxu jinghu", ("Huaibei, Xiaoxian North, Xuzhou East, Suzhou East (Anhui), Bengbu South, Chuzhou,"
     " Nanjing South, Wuxi East, Shanghai Hongqiao"), 240),
    ("G", "zhengxu jinghu ninghang", ("Dangshan South, Xiaoxian North, Xuzhou East, Bengbu South, Nanjing South, Liyang, Huzhou,"
     " Hangzhou East"), 300),
    ("C", "huaibei zhengxu", "Huaibei, Xiaoxian North, Xuzhou East", 240),
    ("G", "huning", "Nanjing, Zhenjiang, Danyang, Changzhou, Wuxi, Suzhou, Kunshan South, Shanghai", 90),
    ("G", "huning", "Nanjing, Changzhou, Wuxi, Suzhou, Shanghai", 120),
    ("G", "yanjiang", "Nanjing South, Jurong, Jintan, Wujin, Jiangyin, Zhangjiagang, Changshu, Taicang, Shanghai Hongqiao", 180),
    ("G", "huhang", "Shanghai Hongqiao, Hangzhou East", 90),
    ("G", "huhang", ("Shanghai Hongqiao, Shanghai Songjiang, Jinshan North, Jiashan South, Jiaxing South, Tongxiang,"
     " Haining West, Linping South, Hangzhou East"), 120),
    ("G", "ninghang", "Nanjing South, Huzhou, Hangzhou East", 120),
    ("G", "ninghang", "Nanjing South, Jiangning, Jurong West, Liyang, Yixing, Changxing, Huzhou, Deqing, Hangzhou East", 180),
    ("G", "huhang hangyong", "Shanghai Hongqiao, Jiaxing South, Hangzhou East, Shaoxing North, Ningbo", 90),
    ("G", "ninghang hangyong", ("Nanjing South, Yixing, Huzhou, Hangzhou East, Shaoxing North, Shaoxing East, Yuyao North,"
     " Ningbo"), 180),
    ("C", "hangyong", "Hangzhou East, Hangzhou South, Shaoxing North, Shaoxing East, Yuyao North, Ningbo", 240),
    ("D", "yongtaiwen", ("Ningbo, Fenghua, Ninghai, Sanmen County, Linhai, Taizhou West, Wenling, Yandangshan, Yueqing,"
     " Wenzhou South"), 150),
    ("D", "huhang hangyong yongtaiwen", ("Shanghai Hongqiao, Jiaxing South, Hangzhou East, Shaoxing North, Ningbo, Ninghai,"
     " Taizhou West, Wenling, Wenzhou South"), 180),
    ("G", "huhang hangtai", ("Shanghai Hongqiao, Hangzhou East, Shaoxing North, Shengzhou-Xinchang, Tiantaishan, Linhai,"
     " Taizhou (Zhejiang), Wenling"), 180),
    ("G", "hangtai yongtaiwen", "Hangzhou East, Shaoxing North, Taizhou (Zhejiang), Wenling, Yueqing, Wenzhou South", 240),
    ("G", "huhangxi hangwen", ("Hangzhou West, Fuyang West (Hangzhou), Tonglu East, Pujiang, Yiwu, Hengdian, Pan'an, Xianju, Nanxijiang,"
     " Wenzhou North, Wenzhou South"), 180),
    ("G", "husuhu huhangxi hangwen", "Shanghai Hongqiao, Huzhou, Hangzhou West, Yiwu, Wenzhou South", 180),
    ("G", "husuhu huhangxi", "Shanghai Hongqiao, Huzhou, Hangzhou West", 180),
    ("G", "husuhu", "Shanghai Hongqiao, Shanghai Songjiang, Liantang, Suzhou South, Shengze, Nanxun, Huzhou", 180),
    ("G", "husuhu shanghehang-south", "Shanghai Hongqiao, Wuhu, Hefei South", 240),
    ("G", "husuhu shanghehang-south", "Shanghai Hongqiao, Huzhou, Anji, Guangde South, Xuancheng, Wuhu", 240),
    ("G", "shanghehang-south ninghang", "Hefei South, Wuhu, Xuancheng, Huzhou, Hangzhou East", 150),
    ("G", "shanghehang-south ninghang", ("Hefei South, Chaohu East, Hanshan South, Wuhu, Wanzhi South, Xuancheng, Langxi South,"
     " Guangde South, Anji, Huzhou, Deqing, Hangzhou East"), 240),
    ("G", "shanghehang-north", ("Bozhou South, Taihe East, Fuyang West, Yingshang North, Fengtai South, Shouxian,"
     " Huainan South, Hefei North City, Hefei South"), 180),
    ("G", "shanghehang-north hening jinghu", ("Bozhou South, Fuyang West, Huainan South, Hefei South, Nanjing South, Suzhou North,"
     " Shanghai Hongqiao"), 240),
    ("G", "zhengfu shanghehang-north shanghehang-south ninghang", ("Jieshou South, Fuyang West, Huainan South, Hefei South, Wuhu,"
     " Xuancheng, Huzhou, Hangzhou East"), 300),
    ("G", "hening jinghu", "Hefei South, Nanjing South, Shanghai Hongqiao", 120),
    ("G", "hewu hening jinghu", ("Jinzhai, Lu'an, Hefei South, Quanjiao, Nanjing South, Changzhou North, Wuxi East,"
     " Suzhou North, Shanghai Hongqiao"), 180),
    ("D", "hewu hening ninghang", "Lu'an, Hefei South, Nanjing South, Yixing, Huzhou, Hangzhou East", 300),
    ("G", "jinghu hebeng", "Xuzhou East, Suzhou East (Anhui), Bengbu South, Huainan East, Hefei North City, Hefei South", 180),
    ("G", "hefu", ("Hefei South, Chaohu East, Wuwei, Tongling North, Nanling, Jingxian, Jingde, Jixi North, Shexian North,"
     " Huangshan North"), 180),
    ("G", "hefu", "Hefei South, Tongling North, Huangshan North", 240),
    ("G", "hean", "Hefei South, Shucheng East, Lujiang West, Tongcheng East, Anqing West", 180),
    ("D", "ningan", "Nanjing South, Ma'anshan East, Dangtu East, Wuhu, Fanchang West, Tongling, Chizhou, Anqing", 120),
    ("G", "jinghu ningan", "Shanghai Hongqiao, Suzhou North, Nanjing South, Ma'anshan East, Wuhu, Tongling, Chizhou, Anqing", 180),
    ("G", "ningan chihuang", "Anqing, Chizhou, Jiuhuashan, Huangshan West, Yixian East, Huangshan North", 240),
    ("G", "hanghuang", "Hangzhou East, Qiandaohu, Huangshan North", 180),
    ("G", "hanghuang changjinghuang", ("Hangzhou East, Hangzhou South, Fuyang, Tonglu, Jiande, Qiandaohu, Jixi North,"
     " Shexian North, Huangshan North, Yixian East, Qimen South"), 240),
    ("G", "huhang hanghuang", "Shanghai Hongqiao, Jiaxing South, Hangzhou East:6, Tonglu, Qiandaohu, Huangshan North", 240),
    ("G", "ninghang hanghuang", ("Nanjing South, Jiangning, Liyang, Yixing, Huzhou, Hangzhou East:10, Hangzhou South, Fuyang,"
     " Tonglu, Jiande, Qiandaohu, Jixi North, Shexian North, Huangshan North"), 480),
    ("G", "huhang hukun", "Shanghai Hongqiao, Hangzhou East, Yiwu, Jinhua, Quzhou, Jiangshan", 180),
    ("G", "hukun jiujingqu", "Hangzhou East, Hangzhou South, Zhuji, Yiwu, Jinhua, Longyou, Quzhou, Changshan, Kaihua", 240),
    ("D", "jinliwen", "Jinhua, Wuyi North, Yongkang South, Jinyun West, Lishui, Qingtian, Wenzhou South", 180),
    ("G", "huhang hukun jinliwen", "Shanghai Hongqiao, Hangzhou East, Yiwu, Jinhua, Lishui, Wenzhou South", 240),
    ("D", "quning", "Quzhou, Suichang, Songyang, Longquan, Qingyuan", 360),
    ("D", "hutong", "Shanghai Hongqiao, Taicang, Changshu, Zhangjiagang, Nantong West, Nantong", 180),
    ("D", "hutong ningqi", "Shanghai Hongqiao, Nantong, Rugao, Hai'an, Jiangyan, Taizhou (Jiangsu), Yangzhou", 240),
    ("D", "ningqi", "Nanjing, Yangzhou, Jiangdu, Taizhou (Jiangsu), Jiangyan, Hai'an, Rugao, Nantong", 180),
    ("G", "hutong yantong", "Shanghai Hongqiao, Zhangjiagang, Nantong West, Rugao West, Hai'an, Dongtai, Dafeng, Yancheng", 180),
    ("G", "hutong yantong xuyan", "Shanghai Hongqiao, Nantong West, Yancheng, Huai'an East, Suqian, Xuzhou East", 360),
    ("D", "xuyan", "Xuzhou East, Suining, Suqian, Yanghe, Siyang, Huai'an East, Funing South, Jianhu, Yancheng", 180),
    ("G", "lianzhen huning", ("Lianyungang, Guanyun, Guannan, Lianshui, Huai'an East, Baoying, Gaoyou, Yangzhou East,"
     " Dagang South, Dantu, Danyang, Changzhou, Wuxi, Suzhou, Shanghai"), 240),
    ("G", "lianzhen huning", "Lianyungang, Huai'an East, Yangzhou East, Changzhou, Suzhou, Shanghai", 300),
    ("D", "huning lianzhen xuyan", "Nanjing, Zhenjiang, Dantu:6, Yangzhou East, Gaoyou, Huai'an East, Suqian, Xuzhou East", 300),
    ("G", "lianxu jinghu", "Lianyungang, Donghai County, Xinyi South, Pizhou East, Xuzhou East, Bengbu South, Nanjing South", 180),
    ("D", "qingyan", "Lianyungang, Xiangshui County, Binhai Port, Sheyang, Yancheng", 300),
    ("coach", "coach", "Ningbo, Zhoushan Dinghai coach station", 120),
]  # fmt: skip

_YYB = "https://m.yybnet.net/news/china/202101/11177433.html"
_HK01 = "https://zh.hk01.com/即时中国/1088397"
_WUHU = "http://m.453100.com.cn/news-133822-1-25.html"
_HUANGSHAN = "https://zcjczz.com/shpd/ly/2018/1226/110097.shtml"
_HUZHOU = "http://schoolzs.com/dbi9o3.html"
# from, to, minutes, as of, what was published, source, how it is used
FACTS: list[tuple[str, str, int, str, str, str, str]] = [
    ("Hefei", "Shanghai", 111, "2021-01-20", "fastest train, Hefei South to Shanghai Hongqiao", _YYB, "met"),
    ("Shanghai", "Hefei", 111, "2021-01-20", "fastest train", _YYB, "met"),
    ("Shanghai", "Huzhou", 55, "2024-12-26", "fastest train at the line's opening", _HK01, "met"),
    ("Shanghai", "Hangzhou", 78, "2024-12-26", "fastest train, Shanghai Hongqiao to Hangzhou West", _HK01, "met"),
    ("Wuhu", "Shanghai", 136, "2024-10", "fastest train before the Huzhou line", _WUHU, "superseded"),
    ("Wuhu", "Shanghai", 90, "2024-10", "forecast for the Huzhou line, not observed", _WUHU, "met"),
    ("Hangzhou", "Huangshan", 86, "2018-12-25", "fastest train at the line's opening", _HUANGSHAN, "met"),
    ("Shanghai", "Huangshan", 146, "2018-12-25", "fastest train at the line's opening", _HUANGSHAN, "met"),
    ("Nanjing", "Huangshan", 204, "2018-12-25", "fastest train at the line's opening", _HUANGSHAN, "direct train only"),
    (
        "Hefei",
        "Hangzhou",
        120,
        "2020-06-28",
        "about two hours at the line's opening",
        "https://m.tftnews.com/news8129348",
        "met",
    ),
    ("Huzhou", "Shanghai", 60, "2024-12-26", "within one hour", _HUZHOU, "at most"),
    ("Huzhou", "Nanjing", 60, "2024-12-26", "within one hour", _HUZHOU, "at most"),
    ("Huzhou", "Hangzhou", 60, "2024-12-26", "within one hour", _HUZHOU, "at most"),
    (
        "Huzhou",
        "Hefei",
        60,
        "2024-12-26",
        "within one hour",
        _HUZHOU,
        "not met: contradicts two hours Hefei to Hangzhou",
    ),
]


@dataclass(frozen=True)
class Call:
    """A train at a station."""

    station: str
    arrive: int
    depart: int


def main() -> None:
    """Write all files."""
    HERE.mkdir(parents=True, exist_ok=True)
    stations = [(city, *entry.split("|")) for city, (_, entries) in CITIES.items() for entry in entries]
    known = {entry[1] for entry in stations}
    assert len(known) == len({entry[2] for entry in stations}) == len(stations), "two stations share a name"
    assert not (missing := OF_THE_CITY - known), missing
    lines = {code: _stations_of(line[4]) for code, line in LINES.items()}
    for code, calls in lines.items():
        assert not (missing := {name for name, _ in calls} - known), (code, missing)
    served = {call.split(":")[0].strip() for _, _, calls, _ in SERVICES for call in calls.split(",")}
    assert not (missing := known - served), f"no train stops at {missing}"

    chinese = {entry[1]: entry[2] for entry in stations}
    _write(
        "stations.csv",
        "station_zh,station_en,city,lat,lon",
        [(zh, en, city if en in OF_THE_CITY else "", a, o) for city, en, zh, a, o in stations],
    )
    _write("cities.csv", "city,city_zh", [(city, names[0]) for city, names in CITIES.items()])
    _write("lines.csv", "code,name_zh,name_en,opened,top_kmh,source", [
        (code, zh, en, opened, kmh, "public record of the line, from general knowledge")
        for code, (zh, en, opened, kmh, _) in LINES.items()
    ])  # fmt: skip
    _write("line_stations.csv", "line,sequence,station_en,minutes_from_start,source", [
        (code, i, name, minutes, "order public; minutes made for this timetable")
        for code, calls in lines.items()
        for i, (name, minutes) in enumerate(calls, 1)
    ])  # fmt: skip
    _write("facts.csv", "from,to,minutes,as_of,published,source,use", FACTS)
    _write("stops.csv", "train,station,sequence,arrive,depart,day_offset", _stop_rows(lines, chinese))
    (HERE / "source.json").write_text(
        json.dumps(
            {
                "title": "Synthetic timetable",
                "vintage": "2025",
                "source": "made from published facts of lines",
                "synthetic": True,
                "title_zh": "合成时刻表",
                "source_zh": "依据线路公开资料编制",
                "note_en": "No real timetable is in it. Train numbers begin with S for synthetic. Zhoushan, whose railway is"
                " not open, is reached by a synthetic coach from Ningbo. Places of stations are good to about 3 km.",
                "note_zh": "不含任何真实时刻表；车次以 S 开头表示合成。舟山铁路尚未开通，以宁波出发的合成客车代替。车站位置误差约 3 公里。",
            },
            ensure_ascii=False,
            indent=1,
        )
        + "\n",
        encoding="utf-8",
    )


def _stations_of(text: str) -> list[tuple[str, int]]:
    """("Xuzhou East", 0), ... from "Xuzhou East 0, ..."; minutes must rise."""
    calls = [(name, int(minutes)) for name, _, minutes in (part.strip().rpartition(" ") for part in text.split(","))]
    assert all(a[1] < b[1] for a, b in itertools.pairwise(calls)), text
    return calls


def _stop_rows(lines: dict[str, list[tuple[str, int]]], chinese: dict[str, str]) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    numbers: dict[str, int] = defaultdict(lambda: 1000)
    for place, (kind, codes, stops, headway) in enumerate(SERVICES):
        names, dwells = zip(*(_dwell(stop) for stop in stops.split(",")), strict=True)
        graph = _graph([lines[code] for code in codes.split()])
        for direction in (0, 1):
            calls = _calls(names[:: 1 - 2 * direction], dwells[:: 1 - 2 * direction], graph)
            # Services start at different minutes of the hour, and the two directions do not meet at the ends.
            start = FIRST_MIN + (place * 17 + direction * 23) % min(headway, 90)
            number = 0
            while start <= LAST_MIN and start + calls[-1].arrive <= LAST_ARRIVAL_MIN:
                label = f"coach {numbers[kind] - 999}" if kind == "coach" else f"S{kind}{numbers[kind] + 1}"
                numbers[kind] += 1
                rows.extend(_rows(label, calls, start, chinese))
                number += 1
                start += headway
            assert number, stops
    return rows


def _dwell(stop: str) -> tuple[str, int]:
    name, _, minutes = stop.strip().partition(":")
    return name, int(minutes) if minutes else DWELL_MIN


def _graph(lines: list[list[tuple[str, int]]]) -> dict[str, dict[str, int]]:
    graph: dict[str, dict[str, int]] = defaultdict(dict)
    for calls in lines:
        for (a, start), (b, end) in itertools.pairwise(calls):
            graph[a][b] = min(end - start, graph[a].get(b, end - start))
            graph[b][a] = graph[a][b]
    return graph


def _running(graph: dict[str, dict[str, int]], start: str, end: str) -> int:
    """Minutes at line speed between two stations of a service's lines."""
    best = {start: 0}
    heap = [(0, start)]
    while heap:
        minutes, at = heapq.heappop(heap)
        if at == end:
            return minutes
        for there, more in graph[at].items():
            if minutes + more < best.get(there, 10**6):
                best[there] = minutes + more
                heapq.heappush(heap, (minutes + more, there))
    raise SystemExit(f"no way from {start} to {end} on these lines")


def _calls(names: tuple[str, ...], dwells: tuple[int, ...], graph: dict[str, dict[str, int]]) -> list[Call]:
    calls = [Call(names[0], 0, 0)]
    for before, name, dwell in zip(names, names[1:], dwells[1:], strict=False):
        arrive = calls[-1].depart + _running(graph, before, name) + START_AND_BRAKE_MIN
        calls.append(Call(name, arrive, arrive + dwell))
    return calls


def _rows(label: str, calls: list[Call], start: int, chinese: dict[str, str]) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for i, call in enumerate(calls):
        arrive, depart = start + call.arrive, start + call.depart
        first, last = i == 0, i == len(calls) - 1
        rows.append((
            label, chinese[call.station], i + 1, "" if first else _clock(arrive), "" if last else _clock(depart),
            (depart if first else arrive) // 1440,
        ))  # fmt: skip
    return rows


def _clock(minutes: int) -> str:
    return f"{minutes % 1440 // 60:02d}:{minutes % 60:02d}"


def _write(
    name: str, header: str, rows: list[tuple[object, ...]] | list[tuple[str, str, int, str, str, str, str]]
) -> None:
    with (HERE / name).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header.split(","))
        writer.writerows(rows)


if __name__ == "__main__":
    main()
